"""redis-py's clients for a config and an event loop."""

from __future__ import annotations

import contextlib
from typing import Any

import redis.asyncio
import redis.asyncio.cluster
import redis.asyncio.sentinel
import redis.exceptions
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry

from ._connections import (
    AsyncPlainConnection,
    AsyncSentinelConnection,
    AsyncTcpConnection,
    AsyncUnixConnection,
)
from ._options import TAKES_RETRY, Options, no_backoff, reads_of_cluster, retries, stays
from ._pools import AsyncPool, AsyncSentinelPool
from ._tls import AsyncPlainTlsConnection, AsyncSentinelTlsConnection, AsyncTlsConnection
from .config.model import Cluster, Sentinels, Tcp, Unix

AsyncClient = Any
_STAYS = stays(ConnectionPool)


def build(options: Options) -> AsyncClient:
    """Returns a client, which connects when a command needs it."""
    endpoint = options.config.endpoint
    kwargs = {**options.connection(), "retry": _retry()}
    if isinstance(endpoint, Cluster):
        return _cluster(endpoint, options, kwargs)
    kwargs.update(_STAYS)
    pool: ConnectionPool
    if isinstance(endpoint, Sentinels):
        pool = _of_sentinels(endpoint, options, kwargs)
    elif isinstance(endpoint, Unix):
        kwargs.update(options.pool(AsyncUnixConnection), path=endpoint.path)
        pool = AsyncPool(**kwargs)
    elif isinstance(endpoint, Tcp):
        kind = AsyncTcpConnection if options.tls is None else AsyncTlsConnection
        kwargs.update(options.pool(kind), host=endpoint.host, port=endpoint.port)
        pool = AsyncPool(**kwargs)
    else:
        raise AssertionError("a config that is switched off has no client")
    return redis.asyncio.Redis(connection_pool=pool)


def close(client: AsyncClient) -> None:
    """Closes all connections at once: nobody waits until their servers have heard of it."""
    if isinstance(client, redis.asyncio.cluster.RedisCluster):
        # Otherwise it complains that nobody has closed it.
        client._initialize = True
    for connection in _connections(client):
        connection._close()


def _connections(client: AsyncClient) -> list[Any]:
    if isinstance(client, redis.asyncio.cluster.RedisCluster):
        nodes = client.nodes_manager
        of_all = [*nodes.nodes_cache.values(), *nodes.startup_nodes.values()]
        return [connection for node in of_all for connection in node._connections]
    pools: list[Any] = [client.connection_pool]
    if isinstance(pools[0], AsyncSentinelPool):
        sentinels = pools[0].sentinel_manager.sentinels
        pools += [sentinel.connection_pool for sentinel in sentinels]
    return [
        connection
        for pool in pools
        for connection in [*pool._available_connections, *pool._in_use_connections]
    ]


async def ping(client: AsyncClient) -> None:
    """Has a connection made, if there is none. A refusal shows that the server lives."""
    with contextlib.suppress(redis.exceptions.ResponseError):
        await client.ping()


async def follow_sentinels(client: AsyncClient) -> None:
    """Asks the sentinels of the client again, if it has any, and leaves a primary that is none."""
    pool = getattr(client, "connection_pool", None)
    if isinstance(pool, AsyncSentinelPool):
        # What answers may be anything. The next connection says what is wrong.
        with contextlib.suppress(Exception):
            await pool.get_master_address()  # type: ignore[no-untyped-call]


def _retry() -> Retry:
    return Retry(no_backoff(), retries())


def _of_sentinels(
    endpoint: Sentinels, options: Options, kwargs: dict[str, Any]
) -> AsyncSentinelPool:
    sentinel = redis.asyncio.sentinel.Sentinel([])
    kind = AsyncTcpConnection if options.sentinel_tls is None else AsyncTlsConnection
    sentinel.sentinels = [
        redis.asyncio.Redis(
            connection_pool=ConnectionPool(
                connection_class=kind,
                **options.to_sentinel(endpoint, address),
                **_STAYS,
                retry=_retry(),
            )
        )
        for address in endpoint.addresses
    ]
    to_data = AsyncSentinelConnection if options.tls is None else AsyncSentinelTlsConnection
    kwargs.update(options.pool(to_data))
    return AsyncSentinelPool(endpoint.service, sentinel, **kwargs)  # type: ignore[no-untyped-call]


def _cluster(endpoint: Cluster, options: Options, kwargs: dict[str, Any]) -> AsyncClient:
    del kwargs["db"]
    way: dict[str, Any] = {name: kwargs.pop(name) for name in ("networks", "tls") if name in kwargs}
    kind = AsyncPlainTlsConnection if "tls" in way else AsyncPlainConnection
    nodes = [redis.asyncio.cluster.ClusterNode(seed.host, seed.port) for seed in endpoint.seeds]
    if not TAKES_RETRY:
        kwargs.update(
            cluster_error_retry_attempts=retries(), connection_error_retry_attempts=retries()
        )
    if options.config.max_connections is not None:
        kwargs["max_connections"] = options.config.max_connections
    client = redis.asyncio.cluster.RedisCluster(
        startup_nodes=nodes,
        require_full_coverage=endpoint.require_full_coverage,
        **reads_of_cluster(endpoint),
        **stays(redis.asyncio.cluster.RedisCluster),
        **kwargs,
    )
    # The client takes no class of connection. It has not connected yet, and makes the connections
    # of further nodes by the same options.
    client.nodes_manager.connection_kwargs.update(connection_class=kind, **way)
    for node in client.nodes_manager.startup_nodes.values():
        node.connection_class = kind
        node.connection_kwargs.update(way)
    return client
