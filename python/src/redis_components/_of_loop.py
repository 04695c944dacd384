"""The client of an event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Callable

from . import _async_clients

Begun = concurrent.futures.Future[None]


class OfLoop:
    """The client of an event loop. It is closed when its config is left, or with the loop.

    A loop that ends has no time for what begins then: what is pending is told to people as a fault.
    So the client is closed in one step, and what threads have begun ends with the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Any) -> None:
        self.loop = loop
        self.client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_ended = False
        # A loop that ends closes the generators that have begun in it.
        self._open = self._until_loop_ends()
        with contextlib.suppress(StopIteration):
            self._open.asend(None).send(None)

    def close(self) -> None:
        """Has the loop close the client, unless the loop has ended."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._end)

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Begun:
        """Has the loop do some work, which is cancelled when the client is closed or when what is
        returned is cancelled."""
        begun: Begun = concurrent.futures.Future()
        try:
            self.loop.call_soon_threadsafe(self._start, work, begun)
        except RuntimeError:
            # The loop has ended just now.
            begun.cancel()
        return begun

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]], begun: Begun) -> None:
        if self._has_ended:
            begun.cancel()
        if begun.cancelled():
            return
        task = self.loop.create_task(work())
        self._tasks.add(task)

        def cancel(begun: Begun) -> None:
            if begun.cancelled():
                with contextlib.suppress(RuntimeError):
                    self.loop.call_soon_threadsafe(task.cancel)

        def tell(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            # It must be asked for, even if nobody is told.
            failed = None if task.cancelled() else task.exception()
            if task.cancelled():
                begun.cancel()
            elif begun.set_running_or_notify_cancel():
                begun.set_exception(failed) if failed is not None else begun.set_result(None)
            if self._has_ended:
                self._end()

        begun.add_done_callback(cancel)
        task.add_done_callback(tell)

    def _end(self) -> None:
        """Closes the client, and once more when nothing uses it any more."""
        self._has_ended = True
        _async_clients.close(self.client)
        for task in self._tasks:
            task.cancel()
        if not self._tasks:
            # It has nothing left to wait for. If the loop closes it just now, it goes on there.
            with contextlib.suppress(StopIteration, RuntimeError):
                self._open.aclose().send(None)

    async def _until_loop_ends(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._end()
            if self._tasks:
                await asyncio.wait(self._tasks)
