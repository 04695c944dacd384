"""R4: what may have been executed is not sent again, and a changed session is not moved."""

from __future__ import annotations

import asyncio
from typing import Any, Callable

import pytest
import redis.exceptions

from pair import Pair
from redis_components import Components
from servers import eventually
from test_moves import SETTINGS, Make, made, pair

__all__ = ["made", "pair"]


def cut(pair: Pair) -> None:
    """Moves the data to a candidate, which the config does not name yet."""
    pair.offer(1, "m")
    pair.is_ready("m")
    pair.fail_over_from(0)


def test_r4_a_script_goes_if_its_first_write_was_refused(pair: Pair, made: Components) -> None:
    script = "return redis.call('INCR', KEYS[1])"

    @made.redis_connection("logs", wait=600)
    def run(conn: Any, way: str) -> Any:
        if way == "command":
            return conn.eval(script, 1, "n")
        if way == "pipeline":
            return conn.pipeline(transaction=False).eval(script, 1, "n").incr("m").execute()
        return conn.register_script(script)(keys=["n"])

    assert run("command") == 1
    cut(pair)
    assert run("command") == 2
    assert run("pipeline") == [3, 1]
    assert run("registered") == 4
    assert pair.servers[1].client.get("n") == b"4"


@pytest.mark.parametrize("way", ["pipeline", "transaction", "alone"])
@pytest.mark.parametrize("is_known", [True, False])
def test_r15_a_registered_script_goes_to_the_candidate(
    way: str, is_known: bool, pair: Pair, made: Components
) -> None:
    text = "return redis.call('INCR', KEYS[1])"

    @made.redis_connection("logs", wait=600)
    def count(conn: Any) -> int:
        if way == "alone":
            return int(conn.register_script(text)(keys=["n"]))
        pipe = conn.pipeline(transaction=way == "transaction")
        pipe.get("known")
        conn.register_script(text)(keys=["n"], client=pipe)
        return int(pipe.execute()[1])

    @made.redis_connection("logs", wait=600)
    async def count_in_task(conn: Any) -> int:
        if way == "alone":
            return int(await conn.register_script(text)(keys=["n"]))
        pipe = conn.pipeline(transaction=way == "transaction")
        pipe.get("known")
        await conn.register_script(text)(keys=["n"], client=pipe)
        return int((await pipe.execute())[1])

    @made.redis_connection("logs", wait=600)
    def ping(conn: Any) -> None:
        conn.ping()

    ping()
    if is_known:
        assert count() == 1
    cut(pair)
    after = [count(), asyncio.run(count_in_task()), count()]
    assert after == ([2, 3, 4] if is_known else [1, 2, 3])
    assert pair.servers[1].client.get("n") == str(after[-1]).encode()


def test_r4_what_a_script_says_itself_proves_nothing(pair: Pair, made: Components) -> None:
    script = "redis.call('INCR', KEYS[1]) return redis.error_reply('READONLY so says the script')"

    @made.redis_connection("logs", wait=600)
    def run(conn: Any) -> None:
        conn.eval(script, 1, "n")

    with pytest.raises(redis.exceptions.ReadOnlyError):
        run()
    pair.offer(1, "m")
    pair.is_ready("m")
    with pytest.raises(redis.exceptions.ReadOnlyError):
        run()
    assert pair.servers[0].client.get("n") == b"2"


def test_r4_a_pipeline_of_which_a_part_was_executed_is_not_sent_again(
    pair: Pair, made: Components
) -> None:
    old, new = pair.servers

    @made.redis_connection("logs", wait=600)
    def count(conn: Any) -> list[Any]:
        pipe = conn.pipeline(transaction=False)
        pipe.incr("before")
        # The server becomes a replica in the middle.
        pipe.execute_command("REPLICAOF", "127.0.0.1", new.port)
        pipe.incr("after")
        answers: list[Any] = pipe.execute(raise_on_error=False)
        return answers

    pair.offer(1, "m")
    made.redis_connection("logs", wait=600)(lambda conn: conn.ping())()
    pair.is_ready("m")
    new.client.replicaof("NO", "ONE")
    answers = count()
    assert answers[0] == 1
    assert isinstance(answers[2], redis.exceptions.ReadOnlyError)
    assert new.client.mget("before", "after") == [None, None]
    assert old.calls("incr") + old.calls("incrby") >= 1


def test_r4_a_transaction_that_was_executed_is_not_sent_again(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=600)
    def count(conn: Any) -> list[Any]:
        pipe = conn.pipeline()
        pipe.set("text", "x").incr("n").incr("text")
        answers: list[Any] = pipe.execute(raise_on_error=False)
        return answers

    cut_at = [(pair, 1), (pair, 2)]
    for place, expected in cut_at:
        answers = count()
        assert answers[:2] == [True, expected]
        assert isinstance(answers[2], redis.exceptions.ResponseError)
        if expected == 1:
            cut(place)
    assert pair.servers[1].client.get("n") == b"2"


SESSIONS: dict[str, Callable[[Any], Any]] = {
    "select": lambda conn: conn.execute_command("SELECT", 0),
    "multi": lambda conn: conn.execute_command("MULTI"),
    "tracking": lambda conn: conn.execute_command("CLIENT", "NO-EVICT", "off"),
}


@pytest.mark.parametrize("way", SESSIONS)
def test_r9_a_changed_session_is_not_moved(pair: Pair, made: Components, way: str) -> None:
    @made.redis_connection("logs", wait=600)
    def count(conn: Any, change: Callable[[Any], Any] | None = None) -> Any:
        if change is not None:
            change(conn)
        try:
            return conn.incr("n")
        finally:
            if way == "multi" and change is not None:
                conn.execute_command("DISCARD")

    assert count() == 1
    cut(pair)
    with pytest.raises(redis.exceptions.ReadOnlyError):
        count(SESSIONS[way])
    assert count() == 2


def test_r9_a_transaction_that_watches_is_not_moved(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=600)
    def count(conn: Any, meanwhile: Callable[[], None]) -> int:
        with conn.pipeline() as pipe:
            pipe.watch("n")
            before = int(pipe.get("n") or 0)
            meanwhile()
            pipe.multi()
            pipe.set("n", before + 1)
            pipe.execute()
        return before + 1

    assert count(lambda: None) == 1
    with pytest.raises(redis.exceptions.ReadOnlyError):
        count(lambda: cut(pair))
    pair.set(1)
    eventually(lambda: made.status()[0].server == f"127.0.0.1:{pair.servers[1].port}")
    assert count(lambda: None) == 2


def test_r9_a_subscription_stays_at_its_server(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=600)
    def hear(conn: Any) -> bytes:
        with conn.pubsub() as heard:
            heard.subscribe("news")
            eventually(lambda: heard.get_message(ignore_subscribe_messages=False))
            cut(pair)
            assert conn.incr("n") == 1
            pair.set(1)
            eventually(lambda: made.status()[0].server == f"127.0.0.1:{pair.servers[1].port}")
            # The old server is a replica, and gives it what is told at the new one.
            pair.is_in_step(1)
            conn.publish("news", "moved")
            while True:
                message = heard.get_message(timeout=10)
                if message is not None and message["type"] == "message":
                    data: bytes = message["data"]
                    return data

    assert hear() == b"moved"
    eventually(lambda: made.status()[0].old_connections == 0)


def test_r15_a_subscription_begins_where_a_pipeline_has_gone(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=600)
    def ports(conn: Any) -> tuple[int, int]:
        cut(pair)
        conn.pipeline(transaction=False).incr("n").execute()
        with conn.pubsub() as heard, conn.client() as own:
            heard.subscribe("news")
            return heard.connection.port, int(own.config_get("port")["port"])

    made.redis_connection("logs", wait=600)(lambda conn: conn.ping())()
    assert ports() == (pair.servers[1].port, pair.servers[1].port)


def test_r15_a_candidate_that_was_started_again_takes_nothing(pair: Pair, components: Make) -> None:
    # What is refused is tried for as long as an answer may take.
    made = components(**SETTINGS, response_timeout=3.0)
    old, new = pair.servers

    @made.redis_connection("logs", wait=600)
    def count(conn: Any) -> Any:
        return conn.incr("n")

    @made.redis_connection("logs", wait=600)
    async def count_in_task(conn: Any) -> Any:
        return await conn.incr("n")

    assert count() == 1
    pair.offer(1, "m", run_id=new.client.info("server")["run_id"])
    pair.is_ready("m")
    # It has forgotten that it is a replica, and all data.
    new.kill()
    new.restart()
    old.client.replicaof("127.0.0.1", 1)
    with pytest.raises(redis.exceptions.ReadOnlyError):
        count()
    with pytest.raises(redis.exceptions.ReadOnlyError):
        asyncio.run(count_in_task())
    assert new.client.dbsize() == 0
    # The run that has the data gets what is refused.
    pair.offer(1, "again", run_id=new.client.info("server")["run_id"])
    pair.is_ready("again")
    assert (count(), asyncio.run(count_in_task())) == (1, 2)
