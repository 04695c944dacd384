"""Clients that are closed just when a call begins, and connections in the middle of a request."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable

import pytest
import redis

from redis_components import Components, Settings, _attempt, _secrets
from redis_components._published import Published
from redis_components.config import from_json
from servers import SOON, Server, eventually
from test_calls import KEY

Start = Callable[..., Server]
Make = Callable[..., Components]


class Between:
    """A lock. When it is released for the first time, something happens before all else."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self._lock = threading.Lock()
        self._happens: Callable[[], object] | None = happens

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        happens, self._happens = self._happens, None
        if happens is not None:
            happens()


def published_at(server: Server) -> Published:
    settings = Settings(connect_timeout=SOON, response_timeout=SOON)
    resolved = _secrets.resolve(from_json(server.config()), settings)
    options, client = _attempt.prove(resolved, settings, "app")
    return Published(resolved.written, resolved, options, client)


def sent(client: Any) -> Any:
    connection = client.connection_pool.get_connection()
    connection.send_command("PING")
    return connection


def test_r15_a_candidate_that_is_withdrawn_while_a_call_takes_it_answers_that_call(
    server: Start,
) -> None:
    a = server()
    published, taken = published_at(a), []

    def take() -> None:
        lent = published.lend(False)
        taken.append((lent, sent(lent.client)))

    published._lock = Between(take)  # type: ignore[assignment]
    published.retire()
    [(lent, connection)] = taken
    assert connection.read_response() == b"PONG"
    lent.client.connection_pool.release(connection)
    lent.give_back()
    eventually(lambda: not a.clients())


@pytest.mark.parametrize("lock", ["_building", "_lock"])
def test_r15_a_call_that_takes_a_candidate_while_it_is_withdrawn_closes_it(
    server: Start, lock: str
) -> None:
    a = server()
    published = published_at(a)
    setattr(published, lock, Between(published.retire))
    lent = published.lend(False)
    connection = sent(lent.client)
    assert connection.read_response() == b"PONG"
    lent.client.connection_pool.release(connection)
    lent.give_back()
    eventually(lambda: not a.clients())


def test_r15_a_candidate_that_is_withdrawn_while_a_task_takes_it_answers_that_task(
    server: Start,
) -> None:
    a = server()

    async def calls() -> None:
        published, taken = published_at(a), []
        take = lambda: taken.append(published.lend_async(False))  # noqa: E731
        published._lock = Between(take)  # type: ignore[assignment]
        published.retire()
        # The loop closes what it was told to close.
        await asyncio.sleep(0)
        assert await taken[0].client.ping()
        taken[0].give_back()
        await asyncio.get_running_loop().run_in_executor(None, eventually, lambda: not a.clients())

    asyncio.run(calls())


def test_r15_a_pipeline_whose_server_becomes_a_replica_raises_that_it_is_lost(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    made = components()

    @made.redis_connection("logs")
    def waits(conn: Any) -> Any:
        return conn.pipeline(transaction=False).blpop("queue", 0).incr("count").execute()

    @made.redis_connection("logs")
    async def waits_in_task(conn: Any) -> Any:
        return await conn.pipeline(transaction=False).blpop("queue", 0).incr("count").execute()

    def is_lost(call: Callable[[], Any]) -> None:
        a.client.replicaof("no", "one")
        got: list[BaseException] = []

        def run() -> None:
            try:
                call()
            except BaseException as failed:
                got.append(failed)

        thread = threading.Thread(target=run)
        thread.start()
        eventually(lambda: [one for one in a.client.client_list() if "b" in one["flags"]])
        a.client.replicaof("127.0.0.1", b.port)
        thread.join(SOON)
        [failed] = got
        assert isinstance(failed, redis.ConnectionError), failed

    is_lost(waits)
    is_lost(lambda: asyncio.run(waits_in_task()))
