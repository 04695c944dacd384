"""Tasks that are cancelled while they wait: they end at once, and take nothing from others."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any, Callable

import pytest

from redis_components import Components
from redis_components._options import TAKES_NAME
from redis_components._session import AsyncSession
from servers import SOON, Server
from test_calls import KEY, async_port_of

Start = Callable[..., Server]
Make = Callable[..., Components]
# For how many steps of the loop what is tested may take.
STEPS = 12


async def steps(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def end_of(task: asyncio.Task[Any], is_cancelled: bool) -> Any:
    """Returns what the task returns, or `None` if it was cancelled before its end."""
    end: Any = (await asyncio.gather(task, return_exceptions=True))[0]
    if is_cancelled:
        assert isinstance(end, asyncio.CancelledError)
        return None
    assert not isinstance(end, BaseException), end
    return end


def test_r12_a_task_that_waits_for_a_read_is_cancelled_at_once_and_alone(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    port = async_port_of(components(), wait=0)

    async def calls() -> None:
        assert await port() == a.port
        config_server.freeze()
        try:
            tasks = [asyncio.create_task(port()) for _ in range(6)]
            await steps(STEPS)
            assert not any(task.done() for task in tasks)
            for task in tasks[::2]:
                task.cancel()
            await steps(STEPS)
            assert [task.done() for task in tasks] == [True, False] * 3
        finally:
            config_server.thaw()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert ends[1::2] == [a.port] * 3
        assert all(isinstance(end, asyncio.CancelledError) for end in ends[::2])

    asyncio.run(calls())


def test_r12_a_task_that_waits_for_a_connection_is_cancelled_at_once_and_alone(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(max_connections=1))

    @components().redis_connection("logs")
    async def wait(conn: Any) -> None:
        pool = conn.connection_pool
        for between in range(STEPS):
            held = await pool.get_connection(*TAKES_NAME)
            first = asyncio.create_task(pool.get_connection(*TAKES_NAME))
            second = asyncio.create_task(pool.get_connection(*TAKES_NAME))
            await steps(STEPS)
            await pool.release(held)
            await steps(between)
            got = await end_of(first, first.cancel())
            if got is not None:
                await pool.release(got)
            # It must not wait for longer than until the connection is free.
            await pool.release(await asyncio.wait_for(second, SOON))

    asyncio.run(wait())


def test_r12_a_task_that_is_cancelled_while_it_leaves_a_client_gives_its_connection_back(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(max_connections=1))
    made = components()

    @made.redis_connection("logs")
    async def leave(conn: Any, is_used: asyncio.Event) -> None:
        async with conn.client() as own:
            await own.ping()
            is_used.set()

    port = async_port_of(made)

    async def calls() -> None:
        # A task that is kept keeps all that it had.
        kept = []
        for between in range(STEPS):
            is_used = asyncio.Event()
            task = asyncio.ensure_future(leave(is_used))
            await asyncio.wait_for(is_used.wait(), SOON)
            await steps(between)
            kept.append((task, task.cancel()))
            assert await asyncio.wait_for(port(), SOON) == a.port
        for task, is_cancelled in kept:
            await end_of(task, is_cancelled)

    asyncio.run(calls())


def test_r12_a_task_that_waits_for_its_turn_is_cancelled_at_once_and_alone(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())

    async def turns(session: AsyncSession) -> None:
        for between in range(STEPS):
            held = await session.get_connection()
            first = asyncio.create_task(session.get_connection())
            second = asyncio.create_task(session.get_connection())
            await steps(STEPS)
            await session.release(held)
            await steps(between)
            got = await end_of(first, first.cancel())
            if got is not None:
                await session.release(got)
            await session.release(await asyncio.wait_for(second, SOON))

    @components().redis_connection("logs")
    async def wait(conn: Any) -> None:
        await conn.execute_command("SELECT", 3)
        await turns(conn.session)

    asyncio.run(wait())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tasks do not know that they are cancelled")
@pytest.mark.parametrize("what", ["command", "pipeline", "session"])
def test_r12_no_command_overlooks_that_its_task_is_cancelled(
    what: str, config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(max_connections=1))
    made = components()

    async def send(conn: Any, text: str) -> Any:
        if what == "pipeline":
            return (await conn.pipeline().echo(text).execute())[0]
        if what == "session":
            await conn.execute_command("SELECT", 3)
        return await conn.echo(text)

    decorated: Callable[[str], Awaitable[Any]] = made.redis_connection("logs")(send)

    async def calls() -> None:
        await decorated("first")
        for between in range(3 * STEPS):
            task = asyncio.ensure_future(decorated("cancelled"))
            await steps(between)
            await end_of(task, task.cancel())
            # It finds no answer of another.
            assert await decorated(str(between)) == str(between).encode()

    asyncio.run(calls())
