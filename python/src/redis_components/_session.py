"""The connection that a call keeps once it has changed a session, so that others do not find it.

It is lent to one request of the call at a time, as a pool of redis-py lends its connections.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import redis.exceptions

from ._call import Call
from ._connections import keep_from_others
from ._options import TAKES_NAME


def _ended() -> Exception:
    return redis.exceptions.ConnectionError(
        "the function has returned, and with it the session ended that it had changed; wait for "
        "all commands before it returns"
    )


def _busy() -> Exception:
    return redis.exceptions.ConnectionError(
        "the connection of the session is in use by another request of the function, or by a "
        "pipeline that watches; send what comes before its `execute` with the pipeline"
    )


class _Kept:
    """What both kinds have. Of all else redis-py asks the pool of the server."""

    def __init__(self, call: Call) -> None:
        self._call = call
        # Where the connection comes from. The call may be on another server by now.
        self._pool: Any = None
        self._connection: Any = None
        self._has_ended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool or self._call.here.client.connection_pool, name)

    def _choose_pool(self) -> Any:
        """Has the call stay at the server that it is on now."""
        if self._has_ended:
            raise _ended()
        self._pool = self._pool or self._call.stay().client.connection_pool
        return self._pool


class Session(_Kept):
    """The connection that a call in a thread keeps."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._turn = threading.Lock()

    def get_connection(self, *_: Any, **__: Any) -> Any:
        """Waits for no longer than for a connection of a pool."""
        if not self._turn.acquire(timeout=self.timeout):
            raise _busy()
        try:
            pool = self._choose_pool()
            if self._connection is None:
                self._connection = pool.get_connection(*TAKES_NAME)
                keep_from_others(self._connection)
        except BaseException:
            self.release(None)
            raise
        return self._connection

    def release(self, _: Any) -> None:
        """Ends a turn. The last one after the end of the call gives the connection back."""
        self._turn.release()
        self._give_back_if_over()

    def end(self) -> None:
        """Gives the connection back, now or after the request that is in flight."""
        self._has_ended = True
        self._give_back_if_over()

    def _give_back_if_over(self) -> None:
        if not self._has_ended or not self._turn.acquire(blocking=False):
            return
        try:
            connection, self._connection = self._connection, None
            if connection is not None:
                self._pool.release(connection)
        finally:
            self._turn.release()


class AsyncSession(_Kept):
    """The connection that a call in a task keeps."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._turn = asyncio.Lock()

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        """Waits for no longer than for a connection of a pool."""
        await self._take_turn()
        try:
            pool = self._choose_pool()
            if self._connection is None:
                self._connection = await pool.get_connection(*TAKES_NAME)
                keep_from_others(self._connection)
        except BaseException:
            await self.release(None)
            raise
        return self._connection

    async def _take_turn(self) -> None:
        # Before Python 3.12 `wait_for` forgets that it is cancelled if the turn comes just then.
        turn = asyncio.ensure_future(self._turn.acquire())
        try:
            await asyncio.wait([turn], timeout=self.timeout)
        except asyncio.CancelledError:
            if not turn.cancel() and not turn.cancelled():
                self._turn.release()
            raise
        if turn.cancel() or turn.cancelled():
            raise _busy()

    async def release(self, _: Any) -> None:
        """Ends a turn. The last one after the end of the call gives the connection back."""
        self._turn.release()
        await self._give_back_if_over()

    async def end(self) -> None:
        """Gives the connection back, now or after the request that is in flight."""
        self._has_ended = True
        await self._give_back_if_over()

    async def _give_back_if_over(self) -> None:
        if not self._has_ended or self._turn.locked():
            return
        connection, self._connection = self._connection, None
        if connection is not None:
            # It must be given back, even if the task is cancelled just now.
            await asyncio.shield(self._pool.release(connection))
