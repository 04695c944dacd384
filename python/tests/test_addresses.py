"""Addresses at which no component is."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import threading
from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from redis_components import (
    ComponentError,
    Components,
    ErrorKind,
    Settings,
    _addresses,
)
from redis_components._connections import AsyncTcpConnection, TcpConnection
from servers import Server, eventually
from test_calls import KEY, async_port_of, is_at, port_of
from test_sentinels import sentinel

__all__ = ["sentinel"]

Start = Callable[..., Server]
Make = Callable[..., Components]
RUNTIME = Path(__file__).parents[2] / "crates/redis-components"
CASES = json.loads((RUNTIME / "tests/trust/address-cases.json").read_text("utf-8"))
# Real servers listen there, and tests say that it is a special address.
FORBIDDEN = "127.0.0.2"
LISTENS = ("--bind", "127.0.0.1", FORBIDDEN)


def has_address() -> bool:
    with socket.socket() as one:
        try:
            one.bind((FORBIDDEN, 0))
        except OSError:
            return False
    return True


needs_address = pytest.mark.skipif(not has_address(), reason=f"this machine has no {FORBIDDEN}")


@pytest.fixture(autouse=True)
def _is_special(monkeypatch: pytest.MonkeyPatch) -> None:
    here = _addresses._special(f"{FORBIDDEN}/32", "an address of this test", True)
    monkeypatch.setattr(_addresses, "_SPECIAL", (*_addresses._SPECIAL, here))


def refusal_of(call: Callable[[], object]) -> str:
    """Returns what a call says that gets no connection."""
    with pytest.raises(ComponentError) as caught:
        call()
    assert caught.value.kind is ErrorKind.FORBIDDEN_BY_POLICY, caught.value
    return str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_r11_every_spelling_of_an_address_is_understood_as_in_rust(case: dict[str, Any]) -> None:
    networks = tuple(
        ipaddress.ip_network(network)
        for network in case.get("allow", ())
        # In Rust, where a policy allows other networks too, it allows nothing special.
        if network != "10.0.0.0/8"
    )
    connection = TcpConnection(host=case["host"], networks=networks)
    found = socket.getaddrinfo(case["host"], 6379, 0, socket.SOCK_STREAM)
    if case["is"] is None:
        assert connection._admitted(found)
        return
    with pytest.raises(_addresses.ForbiddenAddressError) as caught:
        connection._admitted(found)
    assert f", {case['is']}, which" in str(caught.value)


@needs_address
def test_r11_no_call_reaches_a_special_address_unless_its_network_is_allowed(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server(*LISTENS)
    forbidden = json.dumps({"host": FORBIDDEN, "port": b.port})
    config_server.client.set(KEY, forbidden)
    made = components()
    port, port_in_task = port_of(made, wait=0), async_port_of(made, wait=0)
    said = f"`{FORBIDDEN}` is {FORBIDDEN}, an address of this test, which is never allowed unasked"
    assert said in refusal_of(port)
    assert said in refusal_of(lambda: asyncio.run(port_in_task()))
    config_server.client.set(KEY, a.config())
    eventually(lambda: is_at(port, a.port))
    # The last good config stays in force.
    config_server.client.set(KEY, forbidden)
    assert port() == asyncio.run(port_in_task()) == a.port
    problem = made.status()[0].problem
    assert problem is not None
    assert said in problem
    assert not b.clients()

    allowing = components(allow_special_networks=(FORBIDDEN,))
    assert port_of(allowing)() == asyncio.run(async_port_of(allowing)()) == b.port


@needs_address
def test_r11_a_name_is_judged_by_its_address_at_every_connect(
    config_server: Server, server: Start, components: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = server(*LISTENS)
    # Of several addresses those are connected to that are allowed.
    addresses = [FORBIDDEN, "127.0.0.1"]
    look_up = socket.getaddrinfo

    def looked_up(host: Any, *more: Any, **options: Any) -> Any:
        if host not in ("data.test", b"data.test"):
            return look_up(host, *more, **options)
        return [found for one in addresses for found in look_up(one, *more, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    config_server.client.set(KEY, a.config(host="data.test"))
    made = components(reread_interval=600)

    @made.redis_connection("logs", wait=600)
    def reached(conn: Any) -> str:
        return str(conn.client_info()["laddr"])

    @made.redis_connection("logs", wait=600)
    async def reached_in_task(conn: Any) -> str:
        return str((await conn.client_info())["laddr"])

    async def lose_it() -> None:
        here = f"127.0.0.1:{a.port}"
        assert reached() == await reached_in_task() == here
        del addresses[1:]
        a.client.client_kill_filter(_type="normal", skipme=True)
        for _ in range(2):
            with pytest.raises(redis.ConnectionError):
                reached()
            with pytest.raises(redis.ConnectionError):
                await reached_in_task()
        with pytest.raises(redis.ConnectionError, match=f"`data.test` is {FORBIDDEN}"):
            reached()
        with pytest.raises(redis.ConnectionError, match=f"`data.test` is {FORBIDDEN}"):
            await reached_in_task()
        addresses.append("127.0.0.1")
        assert reached() == await reached_in_task() == here

    asyncio.run(lose_it())


def test_r11_a_look_up_that_hangs_holds_no_task_up_for_longer_than_connecting_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(60))
    connection: Any = AsyncTcpConnection(host="data.test", socket_connect_timeout=0.05)

    async def connect() -> None:
        with pytest.raises(redis.TimeoutError):
            await asyncio.wait_for(connection.connect(), 10)
        task = asyncio.ensure_future(connection.connect())
        await asyncio.sleep(0)
        task.cancel()
        end: Any = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(end, asyncio.CancelledError)
        is_over.set()

    asyncio.run(connect())


@needs_address
def test_r11_a_config_server_at_a_special_address_is_not_asked(server: Start) -> None:
    a = server(*LISTENS)
    made = Components(Settings(config_servers=f"redis://{FORBIDDEN}:{a.port}", receipts=False))
    assert "an address of this test" in refusal_of(port_of(made))
    made.close(10)
    assert not a.clients()


@needs_address
def test_r11_sentinels_at_special_addresses_are_not_asked_nor_followed_there(
    config_server: Server,
    server: Start,
    components: Make,
    sentinel: tuple[redis.Redis, Server, Server],
) -> None:
    client, a = sentinel[0], server(*LISTENS)
    of_sentinel = client.connection_pool.connection_kwargs["port"]
    client.sentinel_monitor("far", FORBIDDEN, a.port, 1)
    config = {"sentinels": [f"127.0.0.1:{of_sentinel}"], "service_name": "far"}
    config_server.client.set(KEY, json.dumps(config))
    made = components()
    port = port_of(made, wait=0)
    assert f"is {FORBIDDEN}, an address of this test" in refusal_of(port)
    allowing = components(allow_special_networks=(f"{FORBIDDEN}/32",))
    assert port_of(allowing)() == asyncio.run(async_port_of(allowing)()) == a.port

    config["sentinels"] = [f"{FORBIDDEN}:{of_sentinel}"]
    config_server.client.set(KEY, json.dumps(config))
    assert "its address is one that is refused" in refusal_of(port_of(components()))


@needs_address
def test_r11_a_node_of_a_cluster_at_a_special_address_is_not_connected_to(
    config_server: Server, server: Start, components: Make
) -> None:
    def cluster(*options: str) -> Server:
        node = server("--cluster-enabled", "yes", *LISTENS, *options)
        node.client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        eventually(lambda: node.client.cluster("info")["cluster_state"] == "ok")
        return node

    a, b = cluster(), cluster("--cluster-announce-ip", FORBIDDEN)

    def config(node: Server, host: str = "127.0.0.1") -> str:
        return json.dumps({"cluster": [f"{host}:{node.port}"]})

    def counts(made: Components) -> list[Callable[[], int]]:
        @made.redis_connection("logs", wait=0)
        def count(conn: Any) -> int:
            return int(conn.incr("counter"))

        @made.redis_connection("logs", wait=0)
        async def count_in_task(conn: Any) -> int:
            return int(await conn.incr("counter"))

        return [count, lambda: asyncio.run(count_in_task())]

    config_server.client.set(KEY, config(a))
    assert [count() for count in counts(components())] == [1, 2]
    config_server.client.set(KEY, config(a, FORBIDDEN))
    for count in counts(components()):
        assert f"is {FORBIDDEN}, an address of this test" in refusal_of(count)
    config_server.client.set(KEY, config(b))
    for count in counts(components()):
        with pytest.raises((redis.RedisError, redis.exceptions.RedisClusterException)):
            count()
    assert b.calls("incr") == 0
    allowing = components(allow_special_networks=(FORBIDDEN,))
    assert [count() for count in counts(allowing)] == [1, 2]


@pytest.mark.parametrize(
    "networks",
    ["169.254.7.0/24", ("10.0.0.0/8",), ("0.0.0.0/0",), ("224.0.0.0/8",), ("h",), ("::/0",)],
)
def test_r11_settings_refuse_what_allows_no_special_network(networks: Any) -> None:
    with pytest.raises(ComponentError) as caught:
        Settings(allow_special_networks=networks)
    assert caught.value.kind is ErrorKind.SETTINGS
    assert "`allow_special_networks`" in str(caught.value)
