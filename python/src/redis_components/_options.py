"""The options of redis-py that a config means."""

from __future__ import annotations

import dataclasses
from typing import Any

import redis
import redis.cluster
from redis.backoff import NoBackoff

from ._login import Login
from ._settings import Settings
from ._tls import Tls
from .config.model import Cluster, ComponentConfig, Sentinels, Tcp, Unix

# The bound of a pool, as services in other languages have it.
_CONNECTIONS = 32
# From here on a cluster's client takes `retry` instead of a number.
TAKES_RETRY = int(redis.__version__.split(".")[0]) >= 6


@dataclasses.dataclass(frozen=True)
class Options:
    """What clients of all kinds need to know."""

    config: ComponentConfig
    settings: Settings
    name: str | None
    decode_responses: bool
    # Read once for all clients of a config.
    tls: Tls | None
    sentinel_tls: Tls | None

    def connection(self) -> dict[str, Any]:
        """Returns what each connection needs but the place of its server."""
        config = self.config
        return {
            **self._timeouts(),
            "db": config.db,
            **Login(config.username, config.password).options(),
            "client_name": self.name,
            "decode_responses": self.decode_responses,
            **({} if self.tls is None else {"tls": self.tls}),
        }

    def to_sentinel(self, sentinels: Sentinels, address: Tcp) -> dict[str, Any]:
        """Returns what a connection to a sentinel needs."""
        return {
            **self._timeouts(),
            "host": address.host,
            "port": address.port,
            **Login(sentinels.username, sentinels.password, "sentinel_").options(),
            "decode_responses": True,
            **({} if self.sentinel_tls is None else {"tls": self.sentinel_tls}),
        }

    def with_text(self, decode: bool) -> Options:
        """Returns the options of clients that answer with text instead of bytes, or not."""
        return dataclasses.replace(self, decode_responses=decode)

    def connections(self) -> int:
        return self.config.max_connections or _CONNECTIONS

    def patience(self) -> float:
        """Returns how long a call may wait for a connection of the pool."""
        return self.connect_timeout() + self.response_timeout()

    def connect_timeout(self) -> float:
        return self.config.socket_connect_timeout or self.settings.connect_timeout

    def response_timeout(self) -> float:
        return self.config.socket_timeout or self.settings.response_timeout

    def _timeouts(self) -> dict[str, Any]:
        return {
            "socket_timeout": self.response_timeout(),
            "socket_connect_timeout": self.connect_timeout(),
            **({} if isinstance(self.config.endpoint, Unix) else {"socket_keepalive": True}),
        }


def of(config: ComponentConfig, settings: Settings, name: str | None) -> Options:
    """Reads what the config refers to."""
    endpoint = config.endpoint
    if Login(config.username, config.password).stands_elsewhere():
        # It says more clearly what is wrong than a connection does.
        Login(config.username, config.password).get_credentials()
    of_sentinels = endpoint.tls if isinstance(endpoint, Sentinels) else None
    return Options(
        config=config,
        settings=settings,
        name=name,
        decode_responses=False,
        tls=None if config.tls is None else Tls(config.tls),
        sentinel_tls=None if of_sentinels is None else Tls(of_sentinels),
    )


def reads_of_cluster(cluster: Cluster) -> dict[str, Any]:
    """Returns the option of a cluster's client that says which nodes reads go to."""
    if not cluster.reads_from_replicas:
        return {}
    strategies = getattr(redis.cluster, "LoadBalancingStrategy", None)
    if strategies is None:
        return {"read_from_replicas": True}
    return {"load_balancing_strategy": strategies.ROUND_ROBIN_REPLICAS}


def retries() -> int:
    """How often redis-py sends a command again that failed: it may have been executed."""
    return 0


def no_backoff() -> NoBackoff:
    return NoBackoff()
