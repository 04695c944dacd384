"""Pools of connections, in which a caller waits for one if all are in use.

A connection comes back to its pool as it was when it left it, or closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
from typing import Any

import redis.asyncio.connection
import redis.asyncio.sentinel
import redis.connection
import redis.sentinel


class Pool(redis.connection.BlockingConnectionPool):
    """A pool for threads."""

    def release(self, connection: Any) -> None:
        if connection.pid != os.getpid():
            # A parent's. The pool of a child has no place for it.
            connection.disconnect()
            return
        if connection.has_session:
            connection.disconnect()
            connection.has_session = False
        super().release(connection)  # type: ignore[no-untyped-call]


class AsyncPool(redis.asyncio.connection.BlockingConnectionPool):
    """A pool for tasks."""

    async def get_connection(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().get_connection(*args, **options)  # type: ignore[no-untyped-call]
        except BaseException:
            # Before Python 3.13 a task that ends just when it is woken wakes no other.
            await asyncio.shield(self._wake())
            raise

    async def _wake(self) -> None:
        async with self._condition:
            self._condition.notify()

    async def release(self, connection: Any) -> None:
        if connection.has_session:
            await connection.disconnect(nowait=True)
            connection.has_session = False
        await super().release(connection)


class SentinelPool(redis.sentinel.SentinelConnectionPool, Pool):
    """A pool for threads, of connections to the primary that sentinels name."""

    def owns_connection(self, connection: Any) -> bool:
        # A connection asks sentinels when it connects again, so that no other takes its place.
        return bool(connection.pid == self.pid)

    def release(self, connection: Any) -> None:
        if _is_elsewhere(self, connection):
            connection.disconnect()
        super().release(connection)

    def disconnect(self, inuse_connections: bool = True) -> None:
        if inuse_connections:
            for connection in list(self._connections):
                connection.disconnect()
            return
        # They are taken out meanwhile, so that no caller gets one that is about to be closed.
        taken: list[Any] = []
        try:
            with contextlib.suppress(queue.Empty):
                while True:
                    taken.append(self.pool.get_nowait())
            for connection in filter(None, taken):
                connection.disconnect()
        finally:
            for connection in reversed(taken):
                self.pool.put_nowait(connection)


class AsyncSentinelPool(redis.asyncio.sentinel.SentinelConnectionPool, AsyncPool):
    """A pool for tasks, of connections to the primary that sentinels name."""

    async def release(self, connection: Any) -> None:
        if _is_elsewhere(self, connection):
            await connection.disconnect(nowait=True)
        await super().release(connection)

    async def disconnect(self, inuse_connections: bool = True) -> None:
        if inuse_connections:
            await super().disconnect()
            return
        # Without a pause no other task gets one that is about to be closed.
        for connection in self._available_connections:
            await connection.disconnect(nowait=True)


def _is_elsewhere(pool: Any, connection: Any) -> bool:
    """Returns `True` if the connection is to a server that is the primary no more."""
    return bool(pool.is_master and pool.master_address != (connection.host, connection.port))
