"""What calls see while configs change and servers fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components, ErrorKind
from servers import SOON, Server, eventually

Start = Callable[..., Server]
Make = Callable[..., Components]
KEY = "config:redis:logs"


def port_of(components: Components, **options: Any) -> Callable[[], int]:
    """Returns a function that tells the port of the server that it runs on."""

    @components.redis_connection("logs", **options)
    def port(conn: redis.Redis) -> int:
        return int(conn.config_get("port")["port"] or 0)

    return port


def async_port_of(components: Components, **options: Any) -> Callable[[], Any]:
    @components.redis_connection("logs", **options)
    async def port(conn: Any) -> int:
        return int((await conn.config_get("port"))["port"])

    return port


def is_at(port: Callable[[], int], expected: int) -> bool:
    """Returns `True` if the call runs there. A bound may be short for a machine that is busy."""
    with contextlib.suppress(redis.RedisError):
        return port() == expected
    return False


def test_r1_one_set_moves_the_next_call(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    port = port_of(components(), wait=0)
    for target in (a, b, a):
        config_server.client.set(KEY, target.config())
        assert port() == target.port


async def eventually_at(port: Callable[[], Any], expected: int) -> None:
    deadline = time.monotonic() + SOON
    while True:
        with contextlib.suppress(redis.RedisError):
            assert await port() == expected
            return
        assert time.monotonic() < deadline


def test_r1_one_set_moves_the_next_call_of_tasks(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    port = async_port_of(components(), wait=0)

    async def calls() -> None:
        for target in (a, b, a):
            config_server.client.set(KEY, target.config())
            assert await port() == target.port
            assert await asyncio.gather(*(port() for _ in range(20))) == [target.port] * 20

    asyncio.run(calls())
    # Another loop has clients of its own.
    asyncio.run(calls())


def test_r1_a_config_is_read_at_most_once_per_wait(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components(reread_interval=600)
    port = port_of(made, wait=600)
    assert [port() for _ in range(100)] == [a.port] * 100
    before = config_server.calls("getrange")
    assert [port() for _ in range(100)] == [a.port] * 100
    assert config_server.calls("getrange") == before


def test_r1_with_a_wait_calls_follow_after_it(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    port = port_of(components(), wait=0.2)
    assert port() == a.port
    config_server.client.set(KEY, b.config())
    time.sleep(0.2)
    assert port() == b.port


def test_r6_threads_share_reads_and_one_connect(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    port = port_of(components(reread_interval=600), wait=600)
    ready, ports = threading.Barrier(16), []

    def call() -> None:
        ready.wait()
        ports.append(port())

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert ports == [a.port] * 16
    # One for the config, and one or two for the control key, after reads.
    assert config_server.calls("getrange") <= 4
    assert a.calls("ping") == 1


def test_r7_a_config_that_means_the_same_changes_nothing(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()
    port = port_of(made, wait=0)
    assert port() == a.port
    config_server.client.set(KEY, a.config(db="0", port=str(a.port), comment="the same"))
    assert port() == a.port
    assert made.status()[0].generation == 1


BAD = [
    "{'host': 'h'}",
    '{"host": "h", "prot": 1}',
    '{"host": "127.0.0.1", "port": 1}',
    '{"host": "127.0.0.1", "port": 1, "ssl": true, "ssl_ca_certs": "/no/such.pem"}',
    '{"unix_socket_path": "/run/not/allowed.sock"}',
    '{"host": "127.0.0.1", "ssl": true, "ssl_cert_reqs": "none"}',
    '{"sentinels": ["127.0.0.1:1"], "service_name": "m"}',
    '{"cluster": ["127.0.0.1:1"]}',
    json.dumps({"host": "h", "x-long": "x" * 70_000}),
]


@pytest.mark.parametrize("bad", BAD)
def test_r5_a_config_that_cannot_be_used_leaves_the_last_good_one(
    bad: str, config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()
    port = port_of(made, wait=0)
    assert port() == a.port
    config_server.client.set(KEY, bad)
    assert port() == a.port
    (status,) = made.status()
    assert status.problem
    assert status.server == f"127.0.0.1:{a.port}"
    config_server.client.set(KEY, a.config(db=1))
    assert port() == a.port
    assert made.status()[0].problem is None
    assert made.status()[0].generation == 2


@pytest.mark.parametrize("bad", BAD)
def test_r5_without_a_last_good_config_the_error_says_why(
    bad: str, config_server: Server, components: Make
) -> None:
    config_server.client.set(KEY, bad)
    with pytest.raises(ComponentError, match="component `logs`"):
        port_of(components())()


def test_r5_a_config_that_is_deleted_stays_in_force(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()
    port = port_of(made, wait=0)
    assert port() == a.port
    config_server.client.delete(KEY)
    assert port() == a.port
    assert "there is no config" in str(made.status()[0].problem)
    # A process that starts now has none.
    with pytest.raises(ComponentError, match=KEY) as missing:
        port_of(components())()
    assert missing.value.kind is ErrorKind.CONFIG_MISSING


def test_r5_calls_go_on_while_the_config_server_is_gone_and_follow_when_it_is_back(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    port = port_of(components(), wait=0)
    assert port() == a.port
    config_server.kill()
    assert [port() for _ in range(10)] == [a.port] * 10
    config_server.restart()
    config_server.client.set(KEY, b.config())
    eventually(lambda: port() == b.port)


@pytest.mark.parametrize("its_own", [{}, {"socket_timeout": 5, "socket_connect_timeout": 5}])
def test_r10_a_frozen_config_server_holds_no_call_up_for_longer_than_its_bound(
    its_own: dict[str, int], config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(socket_timeout=10, socket_connect_timeout=10))
    where = config_server.config(**its_own)
    made = components(config_servers=where, response_timeout=0.2, connect_timeout=0.2)
    port, async_port = port_of(made, wait=0), async_port_of(made, wait=0)
    eventually(lambda: is_at(port, a.port))
    config_server.freeze()
    began = time.monotonic()
    assert port() == a.port
    first = time.monotonic() - began
    began = time.monotonic()
    assert [port() for _ in range(50)] == [a.port] * 50
    assert asyncio.run(async_port()) == a.port
    others = time.monotonic() - began
    # The bound is 0.2 s for the first call, and nothing for those after it.
    assert first < 2
    assert others < 2
    config_server.thaw()
    b = server()
    config_server.client.set(KEY, b.config())
    eventually(lambda: port() == b.port)


def test_r10_a_frozen_new_server_holds_up_the_first_call_alone(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    port = port_of(components(connect_timeout=0.2), wait=0)
    eventually(lambda: is_at(port, a.port))
    b.freeze()
    config_server.client.set(KEY, b.config(socket_timeout=0.2))
    began = time.monotonic()
    assert [port() for _ in range(50)] == [a.port] * 50
    assert time.monotonic() - began < 5
    b.thaw()
    eventually(lambda: is_at(port, b.port))


def test_r4_a_call_finishes_where_it_began_and_its_client_is_closed_then(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    made = components()
    port = port_of(made, wait=0)
    inside, go_on, seen = threading.Event(), threading.Event(), []

    @made.redis_connection("logs", wait=0)
    def slow(conn: redis.Redis) -> None:
        conn.ping()
        inside.set()
        go_on.wait(SOON)
        seen.append(int(conn.config_get("port")["port"] or 0))

    thread = threading.Thread(target=slow)
    thread.start()
    assert inside.wait(SOON)
    config_server.client.set(KEY, b.config())
    assert port() == b.port
    assert made.status()[0].old_connections == 1
    assert a.clients()
    go_on.set()
    thread.join(SOON)
    assert seen == [a.port]
    eventually(lambda: not a.clients())
    assert made.status()[0].old_connections == 0


def test_r4_the_clients_of_tasks_are_closed_when_their_calls_have_ended(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    made = components()
    port = async_port_of(made, wait=0)

    @made.redis_connection("logs", wait=0)
    async def slow(conn: Any, inside: asyncio.Event, go_on: asyncio.Event) -> int:
        await conn.ping()
        inside.set()
        await go_on.wait()
        return int((await conn.config_get("port"))["port"])

    async def calls() -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(slow(inside, go_on))
        await asyncio.wait_for(inside.wait(), SOON)
        config_server.client.set(KEY, b.config())
        assert await port() == b.port
        assert a.clients()
        go_on.set()
        assert await task == a.port
        deadline = time.monotonic() + SOON
        while a.clients():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)

    asyncio.run(calls())


# Counts, and then keeps the server busy for a quarter of a second.
# Counts, because newer servers stop the clock while a script runs.
BUSY = """
redis.call('INCR', 'count')
for i = 1, 4e8 do end
"""


def test_r4_nothing_is_sent_twice(config_server: Server, server: Start, components: Make) -> None:
    a = server()
    config_server.client.set(KEY, a.config(socket_timeout=0.1))
    made = components()

    @made.redis_connection("logs")
    def count(conn: redis.Redis) -> None:
        conn.eval(BUSY, 0)

    @made.redis_connection("logs")
    async def count_in_task(conn: Any) -> None:
        await conn.eval(BUSY, 0)

    async def in_task() -> None:
        await eventually_at(async_port_of(made), a.port)
        await count_in_task()

    # With a connection already, for which the bound may be short.
    eventually(lambda: is_at(port_of(made), a.port))
    with pytest.raises(redis.TimeoutError):
        count()
    assert int(a.client.get("count")) == 1
    with pytest.raises(redis.TimeoutError):
        asyncio.run(in_task())
    assert int(a.client.get("count")) == 2


def test_r12_a_cancelled_task_takes_nothing_from_others(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    port = async_port_of(components(), wait=0)

    async def calls() -> None:
        tasks = [asyncio.create_task(port()) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[1::2] == [a.port] * 10

    asyncio.run(calls())


def test_a_component_is_switched_off_and_on(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    port = port_of(components(), wait=0)
    assert port() == a.port
    config_server.client.set(KEY, '{"disabled": true}')
    with pytest.raises(ComponentError) as off:
        port()
    assert off.value.kind is ErrorKind.DISABLED
    config_server.client.set(KEY, a.config())
    assert port() == a.port


def test_an_idle_component_leaves_its_server(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    made = components(reread_interval=0.05)
    assert port_of(made)() == a.port
    config_server.client.set(KEY, b.config())
    eventually(lambda: not a.clients())
    assert made.status()[0].server == f"127.0.0.1:{b.port}"


def test_a_login_that_is_refused_is_no_server_that_is_down(
    config_server: Server, server: Start, components: Make
) -> None:
    locked = server("--requirepass", "S3cretZ")
    config_server.client.set(KEY, locked.config(password="wrong"))
    with pytest.raises(ComponentError) as refused:
        port_of(components(), wait=0)()
    assert refused.value.kind is ErrorKind.SERVER_REFUSED
    assert "wrong" not in str(refused.value)
    config_server.client.set(KEY, locked.config(password="S3cretZ"))
    assert port_of(components(), wait=0)() == locked.port


def test_a_password_for_a_server_without_one_is_left_out(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(password="S3cretZ"))
    made = components()
    assert port_of(made)() == a.port
    assert asyncio.run(async_port_of(made)()) == a.port


def test_connections_are_named_if_the_server_allows_it(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    a.client.acl_setuser("nameless", enabled=True, nopass=True, keys=["*"], commands=["+@all"])
    a.client.execute_command("ACL", "SETUSER", "nameless", "-client|setname")
    made = components(application="shop")
    config_server.client.set(KEY, a.config())
    assert port_of(made, wait=0)() == a.port
    assert [name for name in a.clients() if name.startswith("shop:logs:")] == a.clients()
    config_server.client.set(KEY, a.config(username="nameless"))
    assert port_of(made, wait=0)() == a.port


def test_r11_a_unix_socket_is_used_unless_only_others_are_allowed(
    config_server: Server, server: Start, components: Make, tmp_path: Path
) -> None:
    a = server("--unixsocket", "redis.sock")
    config_server.client.set(KEY, json.dumps({"unix_socket_path": f"{a.folder}/redis.sock"}))
    for allowed in ((), (str(a.folder),), ("/no/such", str(a.folder.parent))):
        made = components(allow_unix_sockets_under=allowed)
        assert port_of(made)() == a.port
        assert asyncio.run(async_port_of(made)()) == a.port
    (tmp_path / "link.sock").symlink_to(f"{a.folder}/redis.sock")
    for path in (f"{a.folder}/redis.sock", f"{tmp_path}/link.sock"):
        config_server.client.set(KEY, json.dumps({"unix_socket_path": path}))
        made = components(allow_unix_sockets_under=(str(tmp_path),))
        with pytest.raises(ComponentError, match="outside of the folders") as forbidden:
            port_of(made)()
        assert forbidden.value.kind is ErrorKind.FORBIDDEN_BY_POLICY


def test_functions_choose_between_text_and_bytes(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    a.client.set("k", "v")
    config_server.client.set(KEY, a.config(decode_responses=True))
    made = components()

    @made.redis_connection("logs")
    def as_bytes(conn: redis.Redis) -> object:
        return conn.get("k")

    @made.redis_connection("logs", decode_responses=True)
    def as_text(conn: redis.Redis) -> object:
        return conn.get("k")

    assert (as_bytes(), as_text()) == (b"v", "v")


def test_several_config_servers(config_server: Server, server: Start, components: Make) -> None:
    a, second = server(), server()
    second.client.set(KEY, a.config())
    config_server.client.set(KEY, a.config(db=1))
    made = components(config_servers=f"redis://127.0.0.1:1, {second.url}, {config_server.url}")
    assert port_of(made, wait=0)() == a.port
    second.kill()

    @made.redis_connection("logs", wait=0)
    def database(conn: redis.Redis) -> int:
        return int(conn.client_info()["db"])

    eventually(lambda: database() == 1)


@pytest.mark.parametrize("rights", [("-getrange",), ("resetkeys", "~config:redis:@fleet")])
def test_a_config_server_that_refuses_to_read_configs_is_passed_over(
    rights: tuple[str, ...], config_server: Server, server: Start, components: Make
) -> None:
    a, second = server(), server()
    config_server.client.set(KEY, a.config())
    for each in (second, config_server):
        each.client.execute_command("ACL", "SETUSER", "reader", "on", ">p", "~*", "&*", "+@all")
    second.client.execute_command("ACL", "SETUSER", "reader", *rights)
    urls = [each.url.replace("//", "//reader:p@") for each in (second, config_server)]
    made = components(config_servers=", ".join(urls))
    assert port_of(made, wait=0)() == a.port
