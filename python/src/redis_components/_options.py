"""The options of redis-py that a config means."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from typing import Any, Callable

import redis
import redis.cluster
from redis.backoff import NoBackoff

from . import _live_login
from ._settings import Settings
from ._tls import Tls
from .config.model import Cluster, ComponentConfig, Sentinels, Tcp, Unix
from .config.reference import Reference

# The bound of a pool, as services in other languages have it.
_CONNECTIONS = 32
# From here on a cluster's client takes `retry` instead of a number.
_VERSION = tuple(int(part) for part in redis.__version__.split(".")[:2])
TAKES_RETRY = _VERSION >= (6, 0)
# What is given to a pool that is asked for a connection. Until 5.3 it was the name of a command.
TAKES_NAME: tuple[str, ...] = () if _VERSION >= (5, 3) else ("PING",)


@dataclasses.dataclass(frozen=True)
class Options:
    """What clients of all kinds need to know."""

    # With what stands elsewhere.
    config: ComponentConfig
    written: ComponentConfig
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
            **self._login(),
            "client_name": self.name,
            "decode_responses": self.decode_responses,
            **self._way(self.tls),
        }

    def to_sentinel(self, sentinels: Sentinels, address: Tcp) -> dict[str, Any]:
        """Returns what a connection to a sentinel needs."""
        return {
            **self._timeouts(),
            "host": address.host,
            "port": address.port,
            **self._login_to_sentinels(sentinels),
            "decode_responses": True,
            **self._way(self.sentinel_tls),
        }

    def with_text(self, decode: bool) -> Options:
        """Returns the options of clients that answer with text instead of bytes, or not."""
        return dataclasses.replace(self, decode_responses=decode)

    def pool(self, kind: type) -> dict[str, Any]:
        """Returns what bounds a pool of connections of this class."""
        return {
            "connection_class": kind,
            "max_connections": self.config.max_connections or _CONNECTIONS,
            "timeout": self.patience(),
        }

    def patience(self) -> float:
        """Returns how long a call may wait for a connection of the pool."""
        return self.connect_timeout() + self.response_timeout()

    def connect_timeout(self) -> float:
        return self.config.socket_connect_timeout or self.settings.connect_timeout

    def response_timeout(self) -> float:
        return self.config.socket_timeout or self.settings.response_timeout

    def _login(self) -> dict[str, Any]:
        config, written = self.config, self.written
        if config.password is None and config.username is None:
            # The server wants no password, whatever is written.
            return {}
        login = _text(config.username), _text(config.password)
        return _live_login.options((written.username, written.password), login)

    def _login_to_sentinels(self, sentinels: Sentinels) -> dict[str, Any]:
        written = self.written.endpoint
        login = _text(sentinels.username), _text(sentinels.password)
        if not isinstance(written, Sentinels):
            return {"username": login[0], "password": login[1]}
        return _live_login.options((written.username, written.password), login)

    def _way(self, tls: Tls | None) -> dict[str, Any]:
        """Returns what our own classes of connections over TCP take."""
        if isinstance(self.config.endpoint, Unix):
            return {}
        networks = self.settings.special_networks()
        return {"networks": networks, **({} if tls is None else {"tls": tls})}

    def _timeouts(self) -> dict[str, Any]:
        return {
            "socket_timeout": self.response_timeout(),
            "socket_connect_timeout": self.connect_timeout(),
            **({} if isinstance(self.config.endpoint, Unix) else {"socket_keepalive": True}),
        }


def of(
    config: ComponentConfig, written: ComponentConfig, settings: Settings, name: str | None
) -> Options:
    """Reads the certificates and keys that the config names."""
    endpoint = config.endpoint
    of_sentinels = endpoint.tls if isinstance(endpoint, Sentinels) else None
    return Options(
        config=config,
        written=written,
        settings=settings,
        name=name,
        decode_responses=False,
        tls=None if config.tls is None else Tls(config.tls),
        sentinel_tls=None if of_sentinels is None else Tls(of_sentinels, "sentinel_"),
    )


def stays(maker: Callable[..., object]) -> dict[str, Any]:
    """Returns the option that keeps clients where their config says that the server is.

    redis-py follows a server that sends them elsewhere. It would also take longer timeouts from the
    server, and keep the process from its end.
    """
    if "maint_notifications_config" not in inspect.signature(maker).parameters:
        return {}
    # Older versions have no such module.
    module = importlib.import_module("redis.maint_notifications")
    return {"maint_notifications_config": module.MaintNotificationsConfig(enabled=False)}


def reads_of_cluster(cluster: Cluster) -> dict[str, Any]:
    """Returns the option of a cluster's client that says which nodes reads go to."""
    if not cluster.reads_from_replicas:
        return {}
    strategies = getattr(redis.cluster, "LoadBalancingStrategy", None)
    if strategies is None:
        return {"read_from_replicas": True}
    return {"load_balancing_strategy": strategies.ROUND_ROBIN_REPLICAS}


def _text(part: str | Reference | None) -> str | None:
    if isinstance(part, Reference):
        raise AssertionError("the config has been resolved")
    return part


def retries() -> int:
    """How often redis-py sends a command again that failed: it may have been executed."""
    return 0


def no_backoff() -> NoBackoff:
    return NoBackoff()
