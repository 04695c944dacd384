"""Connections over TCP to no other addresses than those that are allowed.

A host is looked up here, and redis-py is given the addresses: it does not look it up again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import _addresses


class _Admits:
    host: str
    port: int
    socket_connect_timeout: float | None

    def __init__(self, *, networks: Sequence[_addresses.Network] = (), **kwargs: Any) -> None:
        self._networks = networks
        super().__init__(**kwargs)

    def _admitted(self, found: Iterable[tuple[Any, ...]]) -> list[str]:
        # A zone is no part of what stands in it, but of this.
        numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        addresses = (socket.getnameinfo(one[4], numeric)[0] for one in found)
        return _addresses.admitted(self.host, addresses, self._networks)

    def _times(self, addresses: Sequence[str]) -> Iterator[tuple[str, float | None]]:
        """Returns each address, and how long connecting to it may take."""
        bound = self.socket_connect_timeout
        until = None if bound is None else time.monotonic() + bound
        for number, address in enumerate(addresses):
            left = None if until is None else until - time.monotonic()
            # The first one is tried in any case, so that something says what is wrong.
            if number == 0 or left is None or left > 0:
                yield address, left if number else bound


class Admits(_Admits):
    """A connection for threads."""

    def _connect(self) -> Any:
        host, bound, failed = self.host, self.socket_connect_timeout, None
        found = socket.getaddrinfo(host, self.port, 0, socket.SOCK_STREAM)
        addresses = self._admitted(found)
        for address, seconds in self._times(addresses):
            self.host, self.socket_connect_timeout = address, seconds
            try:
                return super()._connect()  # type: ignore[misc]
            except OSError as error:
                failed = error
            finally:
                self.host, self.socket_connect_timeout = host, bound
        raise failed or OSError("the name has no address")


class AsyncAdmits(_Admits):
    """A connection for tasks."""

    _address: str

    async def _connect(self) -> None:
        bound, failed = self.socket_connect_timeout, None
        for address, seconds in self._times(self._admitted(await self._found())):
            self._address, self.socket_connect_timeout = address, seconds
            try:
                return await super()._connect()  # type: ignore[misc,no-any-return]
            except (OSError, asyncio.TimeoutError) as error:
                failed = error
            finally:
                self.socket_connect_timeout = bound
        raise failed or OSError("the name has no address")

    def _connection_arguments(self) -> Mapping[str, Any]:
        arguments: Mapping[str, Any] = super()._connection_arguments()  # type: ignore[misc]
        return {**arguments, "host": self._address}

    async def _found(self) -> list[tuple[Any, ...]]:
        work = (self.host, self.port, 0, socket.SOCK_STREAM)
        if _is_address(self.host):
            # Nobody is asked for it, so that it needs no thread.
            return list(socket.getaddrinfo(*work))
        loop = asyncio.get_running_loop()
        asked = asyncio.ensure_future(loop.run_in_executor(None, socket.getaddrinfo, *work))
        try:
            await asyncio.wait([asked], timeout=self.socket_connect_timeout)
            if not asked.done():
                raise asyncio.TimeoutError
            return list(asked.result())
        finally:
            asked.cancel()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
