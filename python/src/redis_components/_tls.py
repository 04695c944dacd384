"""Connections over TLS, with exactly the trust that a config asks for.

redis-py's own trust whom the system trusts beside the certificates of the config, and know no
other name of the server.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from typing import Any

import redis.asyncio.sentinel
import redis.sentinel

from . import _certificates
from ._connections import (
    AsyncPlainConnection,
    AsyncTcpConnection,
    PlainConnection,
    TcpConnection,
)
from .config.model import TlsOptions
from .errors import ComponentError, ErrorKind


class Tls:
    """How the connections of one client speak TLS. The files are read once."""

    def __init__(self, options: TlsOptions, prefix: str = "") -> None:
        """Reads the files. `prefix` is what the names of the fields begin with."""
        self._server_name = _certified(options.server_name, f"{prefix}ssl_server_name")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion(options.min_version)
        context.check_hostname = options.checks_host_name and options.verifies_certificate
        if options.verifies_certificate:
            _certificates.trust(context, options, prefix)
        else:
            context.verify_mode = ssl.CERT_NONE
        _certificates.identify(context, options, prefix)
        self.context = context

    def name_for(self, host: str) -> str:
        """Returns the name that the certificate of the server must have."""
        return self._server_name or _named(host)

    def __deepcopy__(self, memo: object) -> Tls:
        # A cluster's client copies its options for each node.
        return self


def _certified(name: str | None, field: str) -> str | None:
    """Returns the name that a certificate must have, if the config gives one."""
    try:
        return None if name is None else _named(name).encode("idna").decode("ascii")
    except UnicodeError:
        raise ComponentError(
            ErrorKind.CONFIG_INVALID, f"`{field}` is no name that a certificate can be for"
        ) from None


def _named(host: str) -> str:
    """Returns the host as a certificate names it: without the zone of an IPv6 address, and without
    the dot at the end of a name."""
    return host.partition("%")[0].removesuffix(".")


class PlainTlsConnection(PlainConnection):
    """A connection over TLS to a node of a cluster, whose client has rules of its own."""

    def __init__(self, *, tls: Tls, **kwargs: Any) -> None:
        self._tls = tls
        super().__init__(**kwargs)

    def _connect(self) -> socket.socket:
        plain: socket.socket = super()._connect()
        try:
            return self._tls.context.wrap_socket(
                plain, server_hostname=self._tls.name_for(self.host)
            )
        except (OSError, ValueError):
            plain.close()
            raise


class TlsConnection(TcpConnection, PlainTlsConnection):
    """A connection over TLS."""


class SentinelTlsConnection(TlsConnection, redis.sentinel.SentinelManagedConnection):
    """A connection over TLS to the primary that sentinels name."""


class AsyncPlainTlsConnection(AsyncPlainConnection):
    """A connection over TLS to a node of a cluster, whose client has rules of its own."""

    def __init__(self, *, tls: Tls, **kwargs: Any) -> None:
        self._tls = tls
        super().__init__(**kwargs)

    def _connection_arguments(self) -> Mapping[str, Any]:
        arguments = dict(super()._connection_arguments())
        return {
            **arguments,
            "ssl": self._tls.context,
            "server_hostname": self._tls.name_for(self.host),
        }


class AsyncTlsConnection(AsyncTcpConnection, AsyncPlainTlsConnection):
    """A connection over TLS."""


class AsyncSentinelTlsConnection(
    AsyncTlsConnection, redis.asyncio.sentinel.SentinelManagedConnection
):
    """A connection over TLS to the primary that sentinels name."""
