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

from ._connections import AsyncTcpConnection, TcpConnection
from .config.model import TlsOptions


class Tls:
    """How the connections of one client speak TLS. The files are read once."""

    def __init__(self, options: TlsOptions) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion(options.min_version)
        context.check_hostname = options.checks_host_name and options.verifies_certificate
        if not options.verifies_certificate:
            context.verify_mode = ssl.CERT_NONE
        if options.ca_file is not None or options.ca_data is not None:
            context.load_verify_locations(cafile=options.ca_file, cadata=options.ca_data)
        else:
            context.load_default_certs()
        if options.cert_file is not None:
            context.load_cert_chain(options.cert_file, options.key_file, _no_password)
        self.context = context
        self._server_name = options.server_name

    def name_for(self, host: str) -> str:
        """Returns the name that the certificate of the server must have."""
        return self._server_name or host

    def __deepcopy__(self, memo: object) -> Tls:
        # A cluster's client copies its options for each node.
        return self


def _no_password() -> str:
    # OpenSSL would ask for one at the terminal.
    raise ssl.SSLError("the key is encrypted; decrypt it, and protect its file by its permissions")


class _TlsMixin(TcpConnection):
    def __init__(self, *, tls: Tls, **kwargs: Any) -> None:
        self._tls = tls
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]

    def _connect(self) -> socket.socket:
        plain: socket.socket = super()._connect()  # type: ignore[no-untyped-call]
        try:
            return self._tls.context.wrap_socket(
                plain, server_hostname=self._tls.name_for(self.host)
            )
        except (OSError, ValueError):
            plain.close()
            raise


class TlsConnection(_TlsMixin):
    """A connection over TLS."""


class SentinelTlsConnection(_TlsMixin, redis.sentinel.SentinelManagedConnection):
    """A connection over TLS to the primary that sentinels name."""


class _AsyncTlsMixin(AsyncTcpConnection):
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


class AsyncTlsConnection(_AsyncTlsMixin):
    """A connection over TLS."""


class AsyncSentinelTlsConnection(_AsyncTlsMixin, redis.asyncio.sentinel.SentinelManagedConnection):
    """A connection over TLS to the primary that sentinels name."""
