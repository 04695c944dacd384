"""The decorator, and what it belongs to."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import inspect
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import redis.asyncio
import redis.exceptions

from ._async_moving import AsyncMovingClient
from ._call import Call
from ._moving import MovingClient
from ._process import Process
from ._published import Published
from ._settings import Settings
from ._slot import Slot
from ._waiting import Steps, run, run_async
from .errors import ComponentError, ErrorKind

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")
R = TypeVar("R")

_LONGEST_WAIT = 86_400.0
# Errors that calls get when their server moves, or is no primary any more.
_DOUBTS = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,
)


@dataclasses.dataclass(frozen=True)
class ComponentStatus:
    """How a component stands in this process."""

    component: str
    key: str
    # What is in force, for people: `host:port`, or what stands for it. `None` if there is nothing.
    server: str | None
    # How many configs have come into force.
    generation: int
    # Why the newest config is not in force, or could not be read.
    problem: str | None
    # How many calls of earlier configs are in flight.
    old_connections: int


class Components:
    """The components of one config server. Most applications need only the functions of the
    package, which use one of these."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._lock = threading.Lock()
        self._process: Process | None = None
        # What a child has of its parent, whose sockets and locks it must leave alone.
        self._of_parents: list[Process] = []
        _ALL.add(self)

    def configure(self, settings: Settings) -> None:
        """Takes other settings. Connections that there are already are closed."""
        self._settings = settings
        self.close()

    def redis_connection(
        self, component: str, *, wait: float = 1.0, decode_responses: bool = False
    ) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[P, R]]:
        """Gives the decorated function a connection to its component's server as the first
        argument, which its callers leave out.

        A function gets a client of `redis`, and an `async def` one of `redis.asyncio`. Each call
        runs with a config that was current at most `wait` seconds before it began, while the
        config server answers. With 0 the config is read for each call.
        """
        if not (component.isascii() and component.isidentifier()):
            raise ComponentError(
                ErrorKind.SETTINGS,
                "the name of a component has letters, digits and `_`, and begins with no digit",
            )
        if not 0 <= wait <= _LONGEST_WAIT:
            raise ComponentError(
                ErrorKind.SETTINGS, "`wait` must be a number of seconds from 0 to 86400", component
            )

        def decorate(
            function: Callable[Concatenate[Any, P], R],
        ) -> Callable[P, R]:
            if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
                name = getattr(function, "__name__", type(function).__name__)
                raise TypeError(
                    f"`{name}` yields, so its calls never end; decorate a function that returns"
                )
            is_of_tasks = inspect.iscoroutinefunction(function)
            of = self._of_tasks if is_of_tasks else self._of_threads
            decorated = of(function, component, wait, decode_responses)
            # Frameworks ask for the parameters that callers give.
            with contextlib.suppress(TypeError, ValueError):
                decorated.__signature__ = _signature(function)  # type: ignore[attr-defined]
            return decorated

        return decorate

    def status(self) -> list[ComponentStatus]:
        """Returns how the components stand that have been called in this process."""
        process = self._process
        return [] if process is None else [_status(slot) for slot in process.slots()]

    def close(self, seconds: float = 0.5) -> None:
        """Closes all connections once their calls have ended, and removes the receipt. Later calls
        begin anew."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close(seconds)

    def _of_threads(
        self, function: Callable[..., Any], component: str, wait: float, decode: bool
    ) -> Callable[..., Any]:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            slot, published = run(self._acquire(component, wait))
            call = Call(slot, published, functools.partial(Published.lend, decode=decode))
            client = _client(call, redis.Redis, MovingClient)
            try:
                return function(client, *args, **kwargs)
            except _DOUBTS:
                slot.watched.doubt()
                raise
            finally:
                if isinstance(client, MovingClient):
                    client.session.end()
                call.end()

        return decorated

    def _of_tasks(
        self, function: Callable[..., Any], component: str, wait: float, decode: bool
    ) -> Callable[..., Any]:
        @functools.wraps(function)
        async def decorated(*args: Any, **kwargs: Any) -> Any:
            slot, published = await run_async(self._acquire(component, wait))
            call = Call(slot, published, functools.partial(Published.lend_async, decode=decode))
            client = _client(call, redis.asyncio.Redis, AsyncMovingClient)
            try:
                return await function(client, *args, **kwargs)
            except _DOUBTS:
                slot.watched.doubt()
                raise
            finally:
                try:
                    if isinstance(client, AsyncMovingClient):
                        await client.session.end()
                finally:
                    call.end()

        return decorated

    def _acquire(self, component: str, wait: float) -> Steps[tuple[Slot, Published]]:
        while True:
            slot = self._slot(component)
            published = yield from slot.acquire(wait)
            # Otherwise the components were closed just now, and the call begins anew.
            if published is not None:
                return slot, published

    def _slot(self, component: str) -> Slot:
        process = self._process
        if process is None:
            with self._lock:
                if self._process is None:
                    self._process = Process(self._settings)
                process = self._process
        return process.slot(component)

    def _forked(self) -> None:
        self._lock = threading.Lock()
        if self._process is not None:
            self._of_parents.append(self._process)
            self._process = None


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Returns the parameters of a function but the first, which is the connection."""
    signature = inspect.signature(function)
    first, *others = signature.parameters.values()
    is_any = first.kind is inspect.Parameter.VAR_POSITIONAL
    return signature.replace(parameters=[first, *others] if is_any else others)


def _client(call: Call, plain: type, moving: Any) -> Any:
    """Returns the client for a function. That of a cluster follows its nodes itself."""
    client = call.here.client
    return moving.of(call) if isinstance(client, plain) else client


def _status(slot: Slot) -> ComponentStatus:
    published, problem = slot.published, slot.problem() or slot.lost()
    is_on = published is not None and not published.config.disabled
    return ComponentStatus(
        component=slot.component,
        key=slot.watched.key,
        server=str(published.config.endpoint) if published is not None and is_on else None,
        generation=0 if published is None else published.generation,
        problem=slot.uncovered() if problem is None else problem.message,
        old_connections=slot.old_connections(),
    )


_ALL: weakref.WeakSet[Components] = weakref.WeakSet()


def _after_fork() -> None:
    for components in list(_ALL):
        components._forked()


def _at_exit() -> None:
    for components in list(_ALL):
        components.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
