"""Servers that answer, and are of another kind than a config says."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components
from servers import Server, eventually
from test_calls import KEY, port_of
from test_sentinels import sentinel as sentinel

Make = Callable[..., Components]


def _is_refused(config: str, reason: str, config_server: Server, components: Make) -> None:
    config_server.client.set(KEY, config)
    with pytest.raises(ComponentError) as refused:
        port_of(components())()
    assert reason in str(refused.value)


def test_r5_a_server_that_is_a_sentinel_says_what_to_do(
    sentinel: tuple[redis.Redis, Server, Server],
    config_server: Server,
    components: Make,
) -> None:
    port: Any = sentinel[0].connection_pool.connection_kwargs["port"]
    config = json.dumps({"host": "127.0.0.1", "port": port})
    _is_refused(config, "it is a sentinel, and no server of data", config_server, components)


def test_r5_a_server_that_is_one_node_of_a_cluster_says_what_to_write(
    server: Callable[..., Server], config_server: Server, components: Make
) -> None:
    one, other = (server("--cluster-enabled", "yes") for _ in range(2))
    one.client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 8191)
    other.client.execute_command("CLUSTER ADDSLOTSRANGE", 8192, 16383)
    # They know each other's epochs.
    other.client.execute_command("CLUSTER BUMPEPOCH")
    one.client.cluster("meet", "127.0.0.1", other.port)
    eventually(lambda: one.client.cluster("info")["cluster_size"] == "2")
    reason = "it is a node of a cluster, and has the keys of some slots only"
    _is_refused(one.config(), reason, config_server, components)
