"""Pools of connections to the primary that sentinels name.

A caller waits for a connection, as at a single server. Those of redis-py fail at once if all
connections are in use.
"""

from __future__ import annotations

import contextlib
import queue
from typing import Any

import redis.asyncio.connection
import redis.asyncio.sentinel
import redis.connection
import redis.sentinel


class SentinelPool(redis.sentinel.SentinelConnectionPool, redis.connection.BlockingConnectionPool):
    """A pool for threads."""

    def owns_connection(self, connection: Any) -> bool:
        # A connection asks sentinels when it connects again, so that no other takes its place.
        return bool(connection.pid == self.pid)

    def release(self, connection: Any) -> None:
        if _is_elsewhere(self, connection):
            connection.disconnect()
        super().release(connection)  # type: ignore[no-untyped-call]

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


class AsyncSentinelPool(
    redis.asyncio.sentinel.SentinelConnectionPool, redis.asyncio.connection.BlockingConnectionPool
):
    """A pool for tasks."""

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
