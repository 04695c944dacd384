"""A config in memory: where a server is and how to log in to it."""

from __future__ import annotations

import dataclasses
from typing import Union

from .._text import printable
from .reference import Reference

DEFAULT_PORT = 6379


@dataclasses.dataclass(frozen=True)
class Tcp:
    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Unix:
    path: str

    def __str__(self) -> str:
        return self.path


@dataclasses.dataclass(frozen=True)
class TlsOptions:
    """How TLS is spoken with a server: whom to trust, and who we are."""

    ca_file: str | None = None
    # A private key may stand among certificates by mistake.
    ca_data: str | None = dataclasses.field(default=None, repr=False)
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    min_version: int = 771
    verifies_certificate: bool = True
    checks_host_name: bool = True


@dataclasses.dataclass(frozen=True)
class Sentinels:
    """Sentinels, to be asked for the primary of a service."""

    addresses: tuple[Tcp, ...]
    service: str
    username: str | Reference | None = None
    password: str | Reference | None = dataclasses.field(default=None, repr=False)
    tls: TlsOptions | None = None

    def __str__(self) -> str:
        return f"the primary of `{printable(self.service)}`"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster, by the nodes that are asked for all others."""

    seeds: tuple[Tcp, ...]
    require_full_coverage: bool = True
    reads_from_replicas: bool = False

    def __str__(self) -> str:
        return "the cluster of " + ", ".join(map(str, self.seeds))


Endpoint = Union[Tcp, Unix, Sentinels, Cluster]


@dataclasses.dataclass(frozen=True)
class ComponentConfig:
    """What a config means. Two configs are equal if they mean the same."""

    # `None` in a config that is switched off and names no server.
    endpoint: Endpoint | None
    db: int = 0
    username: str | Reference | None = None
    password: str | Reference | None = dataclasses.field(default=None, repr=False)
    tls: TlsOptions | None = None
    socket_timeout: float | None = None
    socket_connect_timeout: float | None = None
    max_connections: int | None = None
    client_name: str | None = None
    disabled: bool = False
