"""redis-py's clients for a config."""

from __future__ import annotations

import contextlib
from typing import Any

import redis
import redis.cluster
import redis.exceptions
import redis.sentinel
from redis.connection import ConnectionPool
from redis.retry import Retry

from ._connections import PlainConnection, SentinelConnection, TcpConnection, UnixConnection
from ._options import TAKES_RETRY, Options, no_backoff, reads_of_cluster, retries, stays
from ._pools import Pool, SentinelPool
from ._tls import PlainTlsConnection, SentinelTlsConnection, TlsConnection
from .config.model import Cluster, Sentinels, Tcp, Unix

Client = Any
_STAYS = stays(ConnectionPool)


def build(options: Options) -> Client:
    """Returns a client. Only that of a cluster connects at once."""
    endpoint = options.config.endpoint
    kwargs = {**options.connection(), "retry": _retry()}
    if isinstance(endpoint, Cluster):
        return _cluster(endpoint, options, kwargs)
    kwargs.update(_STAYS)
    pool: ConnectionPool
    if isinstance(endpoint, Sentinels):
        pool = _of_sentinels(endpoint, options, kwargs)
    elif isinstance(endpoint, Unix):
        kwargs.update(options.pool(UnixConnection), path=endpoint.path)
        pool = Pool(**kwargs)  # type: ignore[no-untyped-call]
    elif isinstance(endpoint, Tcp):
        kind = TcpConnection if options.tls is None else TlsConnection
        kwargs.update(options.pool(kind), host=endpoint.host, port=endpoint.port)
        pool = Pool(**kwargs)  # type: ignore[no-untyped-call]
    else:
        raise AssertionError("a config that is switched off has no client")
    return redis.Redis(connection_pool=pool)


def close(client: Client) -> None:
    """Closes the connections that no call uses."""
    if isinstance(client, redis.cluster.RedisCluster):
        client.close()
        return
    if has_sentinels(client):
        for sentinel in client.connection_pool.sentinel_manager.sentinels:
            sentinel.connection_pool.disconnect()
    client.connection_pool.disconnect()


def ping(client: Client) -> None:
    """Has a connection made, if there is none. A refusal shows that the server lives."""
    with contextlib.suppress(redis.exceptions.ResponseError):
        client.ping()


def has_sentinels(client: Client) -> bool:
    return isinstance(getattr(client, "connection_pool", None), SentinelPool)


def follow_sentinels(client: Client) -> None:
    """Asks the sentinels of the client again, if it has any, and leaves a primary that is none."""
    if has_sentinels(client):
        # What answers may be anything. The next connection says what is wrong.
        with contextlib.suppress(Exception):
            client.connection_pool.get_master_address()


def _retry() -> Retry:
    return Retry(no_backoff(), retries())


def _of_sentinels(endpoint: Sentinels, options: Options, kwargs: dict[str, Any]) -> SentinelPool:
    sentinel = redis.sentinel.Sentinel([])
    kind = TcpConnection if options.sentinel_tls is None else TlsConnection
    sentinel.sentinels = [
        redis.Redis(
            connection_pool=ConnectionPool(
                connection_class=kind,
                **options.to_sentinel(endpoint, address),
                **_STAYS,
                retry=_retry(),
            )
        )
        for address in endpoint.addresses
    ]
    to_data = SentinelConnection if options.tls is None else SentinelTlsConnection
    kwargs.update(options.pool(to_data))
    return SentinelPool(endpoint.service, sentinel, **kwargs)  # type: ignore[no-untyped-call]


def _node_pools(kind: type, options: dict[str, Any]) -> type[ConnectionPool]:
    class NodePool(ConnectionPool):
        """The pool of a node of a cluster."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**{**kwargs, "connection_class": kind, **options})

    return NodePool


def _cluster(endpoint: Cluster, options: Options, kwargs: dict[str, Any]) -> Client:
    del kwargs["db"]
    way: dict[str, Any] = {name: kwargs.pop(name) for name in ("networks", "tls") if name in kwargs}
    kind = PlainTlsConnection if "tls" in way else PlainConnection
    nodes = [redis.cluster.ClusterNode(seed.host, seed.port) for seed in endpoint.seeds]
    if TAKES_RETRY:
        kwargs["retry"] = _retry()
    else:
        kwargs["cluster_error_retry_attempts"] = retries()
    # With a url the client takes pools of ours; the url's node is one of the seeds.
    kwargs.update(url=f"redis://{endpoint.seeds[0]}", connection_pool_class=_node_pools(kind, way))
    if options.config.max_connections is not None:
        kwargs["max_connections"] = options.config.max_connections
    return redis.cluster.RedisCluster(
        startup_nodes=nodes,
        require_full_coverage=endpoint.require_full_coverage,
        **reads_of_cluster(endpoint),
        **stays(redis.cluster.RedisCluster),
        **kwargs,
    )
