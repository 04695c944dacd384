"""Waiting, for callers that are threads and for callers that are tasks.

What a call does until it has a connection is written once, as a generator of `Wait`s.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Generator
from typing import NamedTuple, TypeVar

T = TypeVar("T")
Event = concurrent.futures.Future[None]


class Wait(NamedTuple):
    """The event that a caller waits for, and for how many seconds at most."""

    event: Event
    seconds: float


Steps = Generator[Wait, None, T]


def new_event() -> Event:
    return concurrent.futures.Future()


def happen(event: Event) -> None:
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        event.set_result(None)


def run(steps: Steps[T]) -> T:
    """Takes the steps in a thread."""
    try:
        while True:
            wait = next(steps)
            concurrent.futures.wait([wait.event], wait.seconds)
    except StopIteration as end:
        result: T = end.value
        return result


async def run_async(steps: Steps[T]) -> T:
    """Takes the steps in a task. A task that is cancelled ends nothing for others."""
    try:
        while True:
            await happened(next(steps))
    except StopIteration as end:
        result: T = end.value
        return result


async def happened(wait: Wait) -> None:
    """Waits in a task until the event has happened, or time is over."""
    if wait.event.done():
        return
    loop = asyncio.get_running_loop()
    awaited: asyncio.Future[None] = loop.create_future()

    def resolve() -> None:
        if not awaited.done():
            awaited.set_result(None)

    def wake(_: Event) -> None:
        # The loop may have been closed since.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(resolve)

    wait.event.add_done_callback(wake)
    # Before Python 3.12 `wait_for` forgets that it is cancelled if the event happens just then.
    await asyncio.wait([awaited], timeout=wait.seconds)
