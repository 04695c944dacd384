"""Servers that answer, and are of another kind than a config says."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components, ErrorKind
from servers import Server, eventually
from test_calls import KEY, port_of
from test_sentinels import sentinel as sentinel

Make = Callable[..., Components]


def _is_refused(config: str, reason: str, config_server: Server, components: Make) -> None:
    config_server.client.set(KEY, config)
    with pytest.raises(ComponentError) as refused:
        port_of(components())()
    assert reason in str(refused.value)


def _cluster(server: Callable[..., Server]) -> tuple[Server, Server]:
    """Starts a cluster of two primaries, with half of the slots each."""
    one, other = (server("--cluster-enabled", "yes") for _ in range(2))
    one.client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 8191)
    other.client.execute_command("CLUSTER ADDSLOTSRANGE", 8192, 16383)
    # They know each other's epochs.
    other.client.execute_command("CLUSTER BUMPEPOCH")
    one.client.cluster("meet", "127.0.0.1", other.port)
    both = [one, other]
    eventually(lambda: all(node.client.cluster("info")["cluster_size"] == "2" for node in both))
    eventually(lambda: all(node.client.cluster("info")["cluster_state"] == "ok" for node in both))
    return one, other


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
    one, _ = _cluster(server)
    reason = "it is a node of a cluster, and has the keys of some slots only"
    _is_refused(one.config(), reason, config_server, components)


OF_CLUSTER = "it is a node of a cluster, and has the configs of some components only"


def test_r5_a_config_server_that_is_one_node_of_a_cluster_says_what_to_name(
    server: Callable[..., Server], components: Make
) -> None:
    data = server()
    for node in _cluster(server):
        # That one of them has the config of this component says nothing of the next.
        with contextlib.suppress(redis.exceptions.MovedError):
            node.client.set(KEY, data.config())
        with pytest.raises(ComponentError) as refused:
            port_of(components(config_servers=node.url))()
        assert OF_CLUSTER in str(refused.value)
        assert refused.value.kind is ErrorKind.CONFIG_SERVER_REFUSED


def test_r13_a_config_server_that_is_one_node_of_a_cluster_is_passed_over(
    config_server: Server, server: Callable[..., Server], components: Make
) -> None:
    good, other = server(), server()
    config_server.client.set(KEY, good.config())
    for node in _cluster(server):
        with contextlib.suppress(redis.exceptions.MovedError):
            node.client.set(KEY, other.config())
        made = components(config_servers=f"{node.url}, {config_server.url}")
        assert port_of(made)() == good.port


def test_r13_a_cluster_of_one_node_has_all_configs(
    server: Callable[..., Server], components: Make
) -> None:
    data, node = server(), server("--cluster-enabled", "yes")
    node.client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    eventually(lambda: node.client.cluster("info")["cluster_state"] == "ok")
    node.client.set(KEY, data.config())
    assert port_of(components(config_servers=node.url))() == data.port
