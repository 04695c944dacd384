"""A fail-over that sentinels make."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components
from servers import SOON, Reserved, Server, eventually, program
from test_calls import KEY, async_port_of, port_of

Make = Callable[..., Components]


@pytest.fixture
def sentinel(server: Callable[..., Server]) -> Iterator[tuple[redis.Redis, Server, Server]]:
    """Starts a sentinel with a primary and a replica."""
    primary = server("--repl-diskless-sync-delay", "0")
    replica = server("--replicaof", f"127.0.0.1 {primary.port}")
    # A sentinel asks for replicas when it starts, and then every ten seconds.
    eventually(lambda: replica.client.info("replication")["master_link_status"] == "up")
    reserved = Reserved()
    port = reserved.port
    config = primary.folder / "sentinel.conf"
    monitor = f"sentinel monitor main 127.0.0.1 {primary.port} 1"
    config.write_text(f"bind 127.0.0.1\nport {port}\n{monitor}\n")
    with (primary.folder / "sentinel.log").open("wb") as log:
        process = subprocess.Popen([program(), str(config), "--sentinel"], stdout=log, stderr=log)
    client = redis.Redis(port=port, decode_responses=True)

    def knows_the_replica() -> bool:
        try:
            (known,) = client.sentinel_slaves("main")
        except (redis.ConnectionError, ValueError):
            return False
        return bool(known["master-link-status"] == "ok")

    try:
        eventually(knows_the_replica)
        yield client, primary, replica
    finally:
        client.close()
        process.kill()
        process.wait()
        reserved.release()


def config_of(client: redis.Redis, **more: Any) -> str:
    sentinels = [f"127.0.0.1:{client.connection_pool.connection_kwargs['port']}"]
    return json.dumps({"sentinels": sentinels, "service_name": "main", **more})


def test_r13_calls_that_only_read_follow_a_fail_over(
    sentinel: tuple[redis.Redis, Server, Server], config_server: Server, components: Make
) -> None:
    client, primary, replica = sentinel
    # One connection is enough, before and after.
    config_server.client.set(KEY, config_of(client, max_connections=1))
    made = components(reread_interval=0.05)
    port, port_in_task = port_of(made, wait=0.05), async_port_of(made, wait=0.05)

    async def calls() -> None:
        assert port() == await port_in_task() == primary.port
        client.execute_command("SENTINEL FAILOVER", "main")
        # A fail-over takes a second or two.
        deadline = time.monotonic() + 3 * SOON
        ports: list[int] = []
        while ports != [replica.port] * 2:
            assert time.monotonic() < deadline, ports
            await asyncio.sleep(0.01)
            # Sentinels close the connections to a primary that was demoted.
            with contextlib.suppress(redis.ConnectionError):
                ports = [port(), await port_in_task()]

    asyncio.run(calls())


def test_r10_calls_behind_sentinels_wait_for_a_connection(
    sentinel: tuple[redis.Redis, Server, Server], config_server: Server, components: Make
) -> None:
    client, primary, _ = sentinel
    config_server.client.set(KEY, config_of(client, max_connections=2, socket_timeout=30))
    made = components()

    @made.redis_connection("logs")
    def pop(conn: Any) -> Any:
        return conn.blpop("queue", 20)

    @made.redis_connection("logs")
    async def pop_in_task(conn: Any) -> Any:
        return await conn.blpop("queue", 20)

    def push() -> None:
        eventually(lambda: len(blocked()) == 2)
        primary.client.rpush("queue", "x", "x", "x")

    def blocked() -> list[str]:
        clients = primary.client.client_list()
        return [one["id"] for one in clients if "b" in one["flags"]]

    async def in_tasks() -> list[Any]:
        pops = [asyncio.create_task(pop_in_task()) for _ in range(3)]
        await asyncio.get_running_loop().run_in_executor(None, push)
        return [await one for one in pops]

    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        pops = [threads.submit(pop) for _ in range(3)]
        push()
        assert [one.result() for one in pops] == [(b"queue", b"x")] * 3
    assert asyncio.run(in_tasks()) == [(b"queue", b"x")] * 3


def test_r10_a_call_behind_sentinels_waits_no_longer_than_its_bound(
    sentinel: tuple[redis.Redis, Server, Server], config_server: Server, components: Make
) -> None:
    client, primary, _ = sentinel
    bounds = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}
    config_server.client.set(KEY, config_of(client, max_connections=1, **bounds))
    made, waited = components(), []

    @made.redis_connection("logs")
    def both(conn: Any) -> None:
        with conn.pipeline() as pipe:
            pipe.watch("key")
            conn.get("key")

    @made.redis_connection("logs")
    async def both_in_task(conn: Any) -> None:
        async with conn.pipeline() as pipe:
            await pipe.watch("key")
            await conn.get("key")

    def finds_none(call: Callable[[], object]) -> bool:
        began = time.monotonic()
        # The bounds are short for a machine that is busy.
        with pytest.raises(redis.RedisError) as failed:
            call()
        waited.append(time.monotonic() - began)
        return "No connection" in str(failed.value)

    eventually(lambda: finds_none(both))
    assert 0.4 <= waited[-1] < 4
    eventually(lambda: finds_none(lambda: asyncio.run(both_in_task())))
    assert 0.4 <= waited[-1] < 4
    # The primary has no more connections of calls than there may be.
    assert sum(":logs:" in name for name in primary.clients()) <= 2


def test_r8_the_name_of_a_service_is_escaped(
    sentinel: tuple[redis.Redis, Server, Server],
    config_server: Server,
    components: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client, primary, _ = sentinel
    made, name = components(), "no\n[ERROR]\x1b[31m\u202eö" + "x" * 200
    config_server.client.set(KEY, config_of(client, service_name=name))
    with pytest.raises(ComponentError) as unknown:
        port_of(made, wait=0)()
    for said in (str(unknown.value), caplog.text, str(made.status()[0].problem)):
        assert "the primary of `no\\n[ERROR]\\x1b[31m\\u202eö" in said
        assert not set(said.rstrip("\n")) & {"\x1b", "\u202e"}
    assert "\n" not in str(unknown.value)
    assert "no sentinel knows a service of that name" in str(unknown.value)
    assert len(str(unknown.value)) < 600
    # Sentinels are asked for the name as it is written.
    client.execute_command("SENTINEL", "MONITOR", "a b\u202e", "127.0.0.1", primary.port, 1)
    config_server.client.set(KEY, config_of(client, service_name="a b\u202e"))
    assert port_of(made, wait=0)() == primary.port
    assert made.status()[0].server == "the primary of `a b\\u202e`"


@pytest.mark.parametrize("of_config_server", [False, True])
def test_r10_sentinels_that_are_silent_hold_up_no_call(
    of_config_server: bool,
    sentinel: tuple[redis.Redis, Server, Server],
    config_server: Server,
    server: Callable[..., Server],
    components: Make,
) -> None:
    client, primary, _ = sentinel
    if of_config_server:
        a = server()
        primary.client.set(KEY, a.config())
        made = components(config_servers=config_of(client), reread_interval=0.02)
    else:
        a = primary
        config_server.client.set(KEY, config_of(client))
        made = components(reread_interval=0.02)
    port = port_of(made, wait=0)
    assert port() == a.port
    sentinels_pid = int(client.info("server")["process_id"])
    os.kill(sentinels_pid, signal.SIGSTOP)
    try:
        # An answer may take ten seconds.
        deadline = time.monotonic() + 5
        asking = "redis-components-servers"
        while asking not in [thread.name for thread in threading.enumerate()]:
            assert time.monotonic() < deadline
            assert port() == a.port
        assert [port() for _ in range(50)] == [a.port] * 50
        assert made.status()[0].problem is None
        assert time.monotonic() < deadline
    finally:
        os.kill(sentinels_pid, signal.SIGCONT)


def test_r5_what_is_wrong_with_sentinels_is_told(
    sentinel: tuple[redis.Redis, Server, Server], config_server: Server, components: Make
) -> None:
    client, *_ = sentinel
    made = components(connect_timeout=1.0, response_timeout=1.0)
    port = port_of(made, wait=0)
    reserved = Reserved()
    nobody = config_of(client, sentinels=[f"127.0.0.1:{reserved.port}"])
    config_server.client.set(KEY, nobody)
    with pytest.raises(ComponentError, match=r"the primary of `main` .* it cannot be reached"):
        port()
    reserved.release()
    client.execute_command("ACL", "SETUSER", "default", "resetpass", ">S3cretZ")
    config_server.client.set(KEY, config_of(client, sentinel_password="wrong"))
    with pytest.raises(ComponentError, match="refuses the login; check `sentinel_") as refused:
        port()
    assert "wrong" not in str(refused.value)


def test_r13_nothing_piles_up_on_a_loop_that_stands_still(
    sentinel: tuple[redis.Redis, Server, Server], config_server: Server, components: Make
) -> None:
    client, primary, _ = sentinel
    config_server.client.set(KEY, config_of(client))
    made = components(reread_interval=600)
    port = async_port_of(made)
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(port()) == primary.port
        published = made._slot("logs").published
        assert published is not None
        before = len(loop._ready)  # type: ignore[attr-defined]
        for _ in range(10):
            published.follow_sentinels()
        assert len(loop._ready) == before  # type: ignore[attr-defined]
        assert loop.run_until_complete(port()) == primary.port
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
