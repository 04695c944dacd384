"""Connections that are not used again if their session was changed, or if their server has said
that it closes them.

A server that becomes a replica answers what waits with an error, and closes the connection. It may
still look open when the next command is sent.
"""

from __future__ import annotations

import asyncio
from typing import Any

import redis.asyncio.connection
import redis.asyncio.sentinel
import redis.connection
import redis.exceptions
import redis.sentinel

from . import _commands, _dial
from ._refusal import is_ended_by_demotion


def keep_from_others(connection: Any) -> None:
    """Has a connection closed when it is given back, because its session was changed. Once lost, it
    is not made again."""
    connection.has_session = True


def _demand_session(connection: Any) -> None:
    """Raises an error if the connection was closed. redis-py would connect it again, to another
    database perhaps."""
    if getattr(connection, "_sock", None) is None and getattr(connection, "_writer", None) is None:
        raise redis.exceptions.ConnectionError(
            "the connection was closed, and with it the session that the function has changed"
        )


class _Keeps:
    # Whether its session was changed, which others must not find.
    has_session = False

    def pack_commands(self, commands: Any) -> Any:
        # redis-py's own pipelines come here, of a client of one connection for example.
        commands = list(commands)
        if any(map(_commands.leaves_session, commands)):
            keep_from_others(self)
        return super().pack_commands(commands)  # type: ignore[misc]


class _Closes(_Keeps):
    def send_packed_command(self, *args: Any, **kwargs: Any) -> Any:
        if self.has_session:
            _demand_session(self)
        return super().send_packed_command(*args, **kwargs)  # type: ignore[misc]

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except redis.exceptions.ResponseError as error:
            if is_ended_by_demotion(error):
                self.disconnect()  # type: ignore[attr-defined]
            raise


def _closed() -> Exception:
    return redis.exceptions.ConnectionError("the connection was closed before the answer had come")


class _SaysClosed:
    """Raises the error of a lost connection if a connection was closed in the middle of a request.
    redis-py's reader fails with any error then, because it has nothing to read from."""

    def send_packed_command(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().send_packed_command(*args, **kwargs)  # type: ignore[misc]
        except AttributeError as error:
            raise _closed() from error

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        if self._sock is None:  # type: ignore[attr-defined]
            # What ended the answer before this one has closed the connection.
            raise _closed()
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except AttributeError as error:
            raise _closed() from error
        except ValueError as error:
            # Text that cannot be decoded is a `ValueError` too.
            if "closed file" not in str(error):
                raise
            raise _closed() from error


class PlainConnection(_SaysClosed, _dial.Admits, redis.connection.Connection):
    """A connection over TCP to a node of a cluster, whose client has rules of its own."""


class TcpConnection(_Closes, PlainConnection):
    """A connection over TCP."""


class SentinelConnection(TcpConnection, redis.sentinel.SentinelManagedConnection):
    """A connection over TCP to the primary that sentinels name."""


class UnixConnection(_Closes, _SaysClosed, redis.connection.UnixDomainSocketConnection):
    """A connection over a unix socket."""


def _times_cancelled() -> int:
    """Returns how often the task was cancelled, if it knows that: from Python 3.11 on."""
    task: Any = asyncio.current_task()
    return task.cancelling() if hasattr(task, "cancelling") else 0


class _AsyncCloses(_Keeps):
    async def send_packed_command(self, *args: Any, **kwargs: Any) -> Any:
        if self.has_session:
            _demand_session(self)
        before = _times_cancelled()
        await super().send_packed_command(*args, **kwargs)  # type: ignore[misc]
        if _times_cancelled() > before:
            # Before Python 3.12 redis-py overlooks it if all has been written just then.
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]
            raise asyncio.CancelledError

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().read_response(*args, **kwargs)  # type: ignore[misc]
        except redis.exceptions.ResponseError as error:
            if is_ended_by_demotion(error):
                await self.disconnect(nowait=True)  # type: ignore[attr-defined]
            raise


class AsyncPlainConnection(_dial.AsyncAdmits, redis.asyncio.connection.Connection):
    """A connection over TCP to a node of a cluster, whose client has rules of its own."""


class AsyncTcpConnection(_AsyncCloses, AsyncPlainConnection):
    """A connection over TCP."""


class AsyncSentinelConnection(AsyncTcpConnection, redis.asyncio.sentinel.SentinelManagedConnection):
    """A connection over TCP to the primary that sentinels name."""


class AsyncUnixConnection(_AsyncCloses, redis.asyncio.connection.UnixDomainSocketConnection):
    """A connection over a unix socket."""
