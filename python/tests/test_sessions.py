"""R9: nobody changes what others share."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Callable

import pytest
import redis

from redis_components import Components
from servers import Server, eventually
from test_calls import KEY

Start = Callable[..., Server]
Make = Callable[..., Components]


def by_hand(conn: Any) -> Any:
    return conn.execute_command("SELECT", 3)


def in_lower_case(conn: Any) -> Any:
    return conn.execute_command(b"select", 3)


def in_pipeline(conn: Any) -> Any:
    return conn.pipeline(transaction=False).execute_command("SELECT", 3).execute()


@pytest.mark.parametrize("change", [by_hand, in_lower_case, in_pipeline])
def test_r9_a_session_that_a_function_changes_is_its_own(
    change: Callable[[Any], Any], config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(max_connections=1))
    made = components()

    @made.redis_connection("logs")
    def changed(conn: Any) -> tuple[int, int]:
        conn.ping()
        change(conn)
        ids = int(conn.client_id()), int(conn.client_id())
        assert ids[0] == ids[1]
        return ids[0], int(conn.client_info()["db"])

    @made.redis_connection("logs")
    async def changed_in_task(conn: Any) -> tuple[int, int]:
        await conn.ping()
        await change(conn)
        infos = await asyncio.gather(*(conn.client_info() for _ in range(5)))
        assert len({info["id"] for info in infos}) == 1
        return int(infos[0]["id"]), int(infos[0]["db"])

    @made.redis_connection("logs")
    def database(conn: Any) -> int:
        return int(conn.client_info()["db"])

    @made.redis_connection("logs")
    async def database_in_task(conn: Any) -> int:
        return int((await conn.client_info())["db"])

    async def in_tasks() -> None:
        number, found = await changed_in_task()
        assert found == (0 if change is in_pipeline else 3)
        assert await database_in_task() == 0
        assert not is_open(number) or change is in_pipeline

    def is_open(number: int) -> bool:
        return number in [int(one["id"]) for one in a.client.client_list()]

    for _ in range(3):
        number, found = changed()
        assert found == (0 if change is in_pipeline else 3)
        assert database() == 0
    if change is not in_pipeline:
        eventually(lambda: not is_open(number))
    asyncio.run(in_tasks())


def test_r9_a_client_of_one_connection_leaves_nothing_to_others(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(max_connections=1))
    made = components()

    @made.redis_connection("logs")
    def databases(conn: Any) -> tuple[int, int]:
        with conn.client() as own:
            own.execute_command("SELECT", 3)
            inside = own.client_info()["db"]
        return int(inside), int(conn.client_info()["db"])

    @made.redis_connection("logs")
    async def databases_in_task(conn: Any) -> tuple[int, int]:
        async with conn.client() as own:
            await own.execute_command("SELECT", 3)
            inside = (await own.client_info())["db"]
        return int(inside), int((await conn.client_info())["db"])

    assert databases() == (3, 0)
    assert asyncio.run(databases_in_task()) == (3, 0)


def test_r9_a_client_of_one_connection_that_lost_its_session_is_not_given_another(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()

    @made.redis_connection("logs")
    def write(conn: Any) -> None:
        with conn.client() as own:
            own.execute_command("SELECT", 3)
            a.client.client_kill_filter(_id=str(own.client_id()))
            for _ in range(3):
                with pytest.raises(redis.ConnectionError):
                    own.set("key", "value")
        with conn.client() as own:
            # One that has no session connects again.
            a.client.client_kill_filter(_id=str(own.client_id()))
            with pytest.raises(redis.ConnectionError):
                own.ping()
            own.execute_command("SELECT", 3)
            assert own.client_info()["db"] == 3

    @made.redis_connection("logs")
    async def write_in_task(conn: Any) -> None:
        async with conn.client() as own:
            await own.execute_command("SELECT", 3)
            a.client.client_kill_filter(_id=str(await own.client_id()))
            for _ in range(3):
                with pytest.raises(redis.ConnectionError):
                    await own.set("key", "value")
        async with conn.client() as own:
            a.client.client_kill_filter(_id=str(await own.client_id()))
            with pytest.raises(redis.ConnectionError):
                await own.ping()
            await own.execute_command("SELECT", 3)
            assert (await own.client_info())["db"] == 3

    write()
    asyncio.run(write_in_task())
    assert a.client.info("keyspace") == {}


def test_r9_a_pipeline_of_a_client_of_one_connection_leaves_nothing_to_others(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()

    @made.redis_connection("logs")
    def change(conn: Any) -> None:
        own = conn.client()
        own.pipeline(transaction=False).execute_command("SELECT", 3).execute()
        # The connection of the pipeline is what the next call finds.
        assert database() == 0
        own.close()

    @made.redis_connection("logs")
    def database(conn: Any) -> int:
        return int(conn.client_info()["db"])

    @made.redis_connection("logs")
    async def change_in_task(conn: Any) -> None:
        async with conn.client() as own:
            await own.pipeline(transaction=False).execute_command("SELECT", 3).execute()
            assert await database_in_task() == 0

    @made.redis_connection("logs")
    async def database_in_task(conn: Any) -> int:
        return int((await conn.client_info())["db"])

    change()
    asyncio.run(change_in_task())


def test_r9_a_session_ends_with_a_call_that_fails(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(max_connections=1))
    made = components()

    @made.redis_connection("logs")
    def fail(conn: Any) -> None:
        conn.execute_command("SELECT", 3)
        raise KeyError

    @made.redis_connection("logs")
    async def be_cancelled(conn: Any) -> None:
        await conn.execute_command("SELECT", 3)
        await conn.blpop("queue", 0)

    def is_blocked() -> bool:
        return any("b" in one["flags"] for one in a.client.client_list())

    @made.redis_connection("logs")
    async def database(conn: Any) -> int:
        return int((await conn.client_info())["db"])

    async def in_tasks() -> None:
        task = asyncio.create_task(be_cancelled())
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, eventually, is_blocked)
        # Before Python 3.12 redis-py may overlook that a task is cancelled that has just sent.
        while not task.done():
            task.cancel()
            await asyncio.sleep(0.005)
        assert task.cancelled()
        assert await database() == 0

    for _ in range(2):
        with pytest.raises(KeyError):
            fail()
    assert made.redis_connection("logs")(lambda conn: conn.client_info()["db"])() == 0
    asyncio.run(in_tasks())


def test_r9_a_session_that_is_lost_is_not_replaced(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()

    def kill(number: int) -> None:
        a.client.client_kill_filter(_id=str(number))

    @made.redis_connection("logs")
    def write(conn: Any) -> None:
        conn.execute_command("SELECT", 3)
        kill(conn.client_id())
        for _ in range(3):
            with pytest.raises(redis.ConnectionError):
                conn.set("key", "value")

    @made.redis_connection("logs")
    async def write_in_task(conn: Any) -> None:
        await conn.execute_command("SELECT", 3)
        kill(await conn.client_id())
        for _ in range(3):
            with pytest.raises(redis.ConnectionError):
                await conn.set("key", "value")

    write()
    asyncio.run(write_in_task())
    assert a.client.get("key") is None
    # The next call begins anew.
    made.redis_connection("logs")(lambda conn: conn.set("key", "value"))()
    assert a.client.get("key") == b"value"


@pytest.mark.filterwarnings("ignore:This process")
def test_r12_a_child_that_ends_a_call_of_its_parent_leaves_it_its_session(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    parent = os.getpid()

    @components().redis_connection("logs")
    def fork(conn: Any) -> int:
        conn.execute_command("SELECT", 3)
        child = os.fork()
        if child == 0:
            return 0
        _, status = os.waitpid(child, 0)
        assert int(conn.client_info()["db"]) == 3
        return os.waitstatus_to_exitcode(status)

    code = 1
    try:
        code = fork()
    finally:
        if os.getpid() != parent:
            os._exit(code)
    assert code == 0
