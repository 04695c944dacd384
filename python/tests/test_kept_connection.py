"""The connection that a call keeps, once a function has changed its session."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from typing import Any, Callable

import pytest
import redis

from redis_components import Components
from redis_components._call import Call
from redis_components._published import Lent
from servers import SOON, Server, eventually
from test_calls import KEY

Start = Callable[..., Server]
Make = Callable[..., Components]


def blocked(server: Server) -> list[str]:
    return [one["id"] for one in server.client.client_list() if "b" in one["flags"]]


def echoes(made: Components) -> None:
    """Fails if two calls get the same connection."""

    @made.redis_connection("logs")
    def echo(conn: Any, number: int) -> None:
        for turn in range(200):
            assert conn.echo(f"{number}-{turn}") == f"{number}-{turn}".encode()

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(echo, number) for number in range(4)]:
            done.result()


def test_r9_a_session_that_outlives_its_function_is_given_back_once(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(max_connections=4))
    made = components()
    threads = concurrent.futures.ThreadPoolExecutor(1)

    @made.redis_connection("logs")
    def leave(conn: Any) -> tuple[Any, concurrent.futures.Future[Any]]:
        conn.execute_command("SELECT", 3)
        popped = threads.submit(conn.blpop, "queue", 0)
        eventually(lambda: blocked(a))
        return conn, popped

    @made.redis_connection("logs")
    async def leave_in_task(conn: Any) -> tuple[Any, asyncio.Task[Any]]:
        await conn.execute_command("SELECT", 3)
        popped = asyncio.create_task(conn.blpop("queue", 0))
        await asyncio.get_running_loop().run_in_executor(None, eventually, lambda: blocked(a))
        return conn, popped

    def push() -> None:
        with redis.Redis(port=a.port, db=3) as client:
            client.rpush("queue", "x")

    async def in_tasks() -> None:
        conn, popped = await leave_in_task()
        push()
        assert await popped == (b"queue", b"x")
        assert not conn.connection_pool._in_use_connections
        with pytest.raises(redis.ConnectionError, match="has returned"):
            await conn.get("key")
        assert not conn.connection_pool._in_use_connections

    with threads:
        conn, popped = leave()
        push()
        assert popped.result() == (b"queue", b"x")
        free = conn.connection_pool.pool.queue
        eventually(lambda: len(free) == 4)
        with pytest.raises(redis.ConnectionError, match="has returned"):
            conn.get("key")
    kept = [one for one in free if one is not None]
    assert (len(free), len(kept)) == (4, len(set(map(id, kept))))
    echoes(made)
    asyncio.run(in_tasks())


def test_r9_a_command_in_flight_gives_its_connection_back_when_a_session_begins(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    # A connection that is not given back is missed by the next call.
    config_server.client.set(KEY, a.config(max_connections=2))
    made = components()

    @made.redis_connection("logs")
    def begin(conn: Any) -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            popped = threads.submit(conn.blpop, "queue", 0)
            eventually(lambda: blocked(a))
            conn.execute_command("SELECT", 3)
            a.client.rpush("queue", "x")
            assert popped.result() == (b"queue", b"x")

    @made.redis_connection("logs")
    async def begin_in_task(conn: Any) -> None:
        popped = asyncio.create_task(conn.blpop("queue", 0))
        await asyncio.get_running_loop().run_in_executor(None, eventually, lambda: blocked(a))
        await conn.execute_command("SELECT", 3)
        a.client.rpush("queue", "x")
        assert await popped == (b"queue", b"x")

    async def in_tasks() -> None:
        for _ in range(3):
            await begin_in_task()

    for _ in range(3):
        begin()
    asyncio.run(in_tasks())


def test_r9_a_command_that_began_before_the_session_is_not_sent_in_it(
    config_server: Server, server: Start, components: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    begins, goes_on = threading.Event(), threading.Event()
    usual = Call.enter

    def enter(call: Call, lent: Lent | None = None) -> Lent:
        begins.set()
        assert goes_on.wait(SOON)
        return usual(call, lent)

    @components().redis_connection("logs")
    def ids(conn: Any) -> tuple[int, int]:
        monkeypatch.setattr(Call, "enter", enter)
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            earlier = threads.submit(conn.client_id)
            assert begins.wait(SOON)
            conn.execute_command("SELECT", 3)
            goes_on.set()
            return int(earlier.result()), int(conn.client_id())

    earlier, of_session = ids()
    assert earlier != of_session


@pytest.mark.parametrize("transaction", [False, True])
def test_r9_a_pipeline_goes_over_the_session_of_its_call(
    transaction: bool, config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()

    @made.redis_connection("logs")
    def write(conn: Any) -> None:
        before = conn.pipeline(transaction).set("before", 1)
        conn.execute_command("SELECT", 3)
        before.execute()
        assert conn.pipeline(transaction).set("key", 1).execute() == [True]
        script = conn.register_script("return redis.call('SET', KEYS[1], 1)")
        pipe = conn.pipeline(transaction)
        script(keys=["script"], client=pipe)
        pipe.execute()

        def watched(pipe: Any) -> None:
            assert pipe.get("key") == b"1"
            pipe.multi()
            pipe.set("watched", 1)

        conn.transaction(watched, "key")
        assert conn.dbsize() == 4

    @made.redis_connection("logs")
    async def write_in_task(conn: Any) -> None:
        before = conn.pipeline(transaction).set("before", 1)
        await conn.execute_command("SELECT", 4)
        await before.execute()
        pipes = [conn.pipeline(transaction).set(f"key-{n}", n) for n in range(5)]
        await asyncio.gather(*(pipe.execute() for pipe in pipes))

        async def watched(pipe: Any) -> None:
            assert await pipe.get("key-1") == b"1"
            pipe.multi()
            pipe.set("watched", 1)

        await conn.transaction(watched, "key-1")
        assert await conn.dbsize() == 7

    write()
    asyncio.run(write_in_task())
    assert a.client.dbsize() == 0


def test_r9_a_pipeline_of_a_lost_session_does_not_write_elsewhere(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()

    @made.redis_connection("logs")
    def write(conn: Any) -> None:
        conn.execute_command("SELECT", 3)
        a.client.client_kill_filter(_id=str(conn.client_id()))
        for _ in range(3):
            with pytest.raises(redis.ConnectionError):
                conn.pipeline().set("key", "value").execute()
            with pytest.raises(redis.ConnectionError):
                conn.transaction(lambda pipe: pipe.set("key", "value"), "key")

    @made.redis_connection("logs")
    async def write_in_task(conn: Any) -> None:
        await conn.execute_command("SELECT", 3)
        a.client.client_kill_filter(_id=str(await conn.client_id()))
        for _ in range(3):
            with pytest.raises(redis.ConnectionError):
                await conn.pipeline().set("key", "value").execute()

    write()
    asyncio.run(write_in_task())
    assert a.client.info("keyspace") == {}


def test_r10_who_waits_for_a_session_that_a_pipeline_keeps_waits_no_longer_than_its_bound(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(socket_connect_timeout=0.5, socket_timeout=0.5))
    made = components()

    @made.redis_connection("logs")
    def watch(conn: Any) -> None:
        conn.execute_command("SELECT", 3)
        with conn.pipeline() as pipe:
            pipe.watch("key")
            with pytest.raises(redis.ConnectionError, match="pipeline that watches"):
                conn.get("key")
            assert pipe.get("key") is None
        assert conn.get("key") is None

    @made.redis_connection("logs")
    async def watch_in_task(conn: Any) -> None:
        await conn.execute_command("SELECT", 3)
        async with conn.pipeline() as pipe:
            await pipe.watch("key")
            with pytest.raises(redis.ConnectionError, match="pipeline that watches"):
                await conn.get("key")
            assert await pipe.get("key") is None
        assert await conn.get("key") is None

    began = time.monotonic()
    eventually(lambda: not _fails_at_once(watch))
    eventually(lambda: not _fails_at_once(lambda: asyncio.run(watch_in_task())))
    assert time.monotonic() - began >= 2


def _fails_at_once(call: Callable[[], object]) -> bool:
    # The bound is short for a machine that is busy.
    try:
        call()
    except redis.RedisError:
        return True
    return False


def test_r14_a_pipeline_that_changes_its_session_is_what_the_call_has_read(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    made = components()

    def leave() -> None:
        # It has other data, and nothing says that it has not.
        config_server.client.set(KEY, b.config())
        a.client.replicaof("127.0.0.1", 1)

    @made.redis_connection("logs", wait=0)
    def read_and_write(conn: Any) -> None:
        conn.pipeline(transaction=False).execute_command("SELECT", 0).get("key").execute()
        leave()
        conn.set("key", "value")

    @made.redis_connection("logs", wait=0)
    async def read_and_write_in_task(conn: Any) -> None:
        await conn.pipeline(transaction=False).execute_command("SELECT", 0).get("key").execute()
        leave()
        await conn.set("key", "value")

    for call in (read_and_write, lambda: asyncio.run(read_and_write_in_task())):
        a.client.replicaof("NO", "ONE")
        config_server.client.set(KEY, a.config())
        with pytest.raises(redis.exceptions.ReadOnlyError):
            call()
    assert b.client.dbsize() == 0
