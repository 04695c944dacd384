"""R15: calls that wait on the server, while their data moves."""

from __future__ import annotations

import asyncio
import functools
import threading
from typing import Any, Callable

import pytest
import redis.exceptions

from pair import Pair
from redis_components import Components
from redis_components._commands import may_wait, with_wait_since
from servers import SOON, eventually
from test_moves import SETTINGS, Make, is_followed, made, pair

__all__ = ["made", "pair"]


class Waiting:
    """Functions that wait, in threads and in a task, and what they got."""

    def __init__(self, *functions: Callable[[], Any]) -> None:
        self.got: list[Any] = []
        self._threads = [
            threading.Thread(target=self._run, args=(function,), daemon=True)
            for function in functions
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> list[Any]:
        for thread in self._threads:
            thread.join(SOON)
            assert not thread.is_alive()
        for one in self.got:
            if isinstance(one, BaseException):
                raise one
        return self.got

    def _run(self, function: Callable[[], Any]) -> None:
        try:
            self.got.append(function())
        except BaseException as failed:
            self.got.append(failed)


@pytest.mark.parametrize("waits_before_the_cut", [True, False])
def test_r15_pops_go_on_through_two_moves_and_take_each_element_once(
    pair: Pair, made: Components, waits_before_the_cut: bool
) -> None:
    begin = threading.Event()

    @made.redis_connection("logs", wait=600)
    def pop(conn: Any) -> int:
        conn.get("known")
        begin.wait(SOON)
        return int(conn.blpop("queue")[1])

    @made.redis_connection("logs", wait=600)
    async def pop_in_task(conn: Any) -> int:
        await conn.get("known")
        await asyncio.get_running_loop().run_in_executor(None, begin.wait, SOON)
        return int((await conn.blpop("queue"))[1])

    def waiting(number: int) -> int:
        clients = pair.servers[number].client.client_list()
        return sum(one["cmd"] == "blpop" and "b" in one["flags"] for one in clients)

    if waits_before_the_cut:
        begin.set()
    pops = Waiting(pop, lambda: asyncio.run(pop_in_task()))
    if waits_before_the_cut:
        eventually(lambda: waiting(0) == 2)
    else:
        eventually(lambda: pair.servers[0].calls("get") == 2)
    pair.offer(1, "m1")
    pair.is_ready("m1")
    pair.fail_over_from(0)
    begin.set()
    eventually(lambda: waiting(1) == 2)
    pair.set(1)
    is_followed(pair, made, 1)
    pair.is_in_step(1)
    pair.offer(0, "m2")
    pair.is_ready("m2")
    pair.fail_over_from(1)
    eventually(lambda: waiting(0) == 2)
    pair.set(0)
    pair.servers[0].client.rpush("queue", 1, 2)
    assert sorted(pops.end()) == [1, 2]


def test_r15_a_pop_that_goes_on_elsewhere_waits_for_the_time_that_is_left(
    pair: Pair, made: Components
) -> None:
    old, new = (one.client for one in pair.servers)

    @made.redis_connection("logs", wait=600)
    def pop(conn: Any) -> Any:
        return conn.blpop("queue", 2)

    waiting = Waiting(pop)
    eventually(lambda: any(one["cmd"] == "blpop" for one in old.client_list()))
    pair.offer(1, "m1")
    pair.is_ready("m1")
    with new.monitor() as executed:
        pair.fail_over_from(0)
        words = next(said for said in map(_words, executed.listen()) if said[0] == "BLPOP")
    assert 0 < float(words[2]) < 2
    assert waiting.end() == [None]


def test_r10_calls_end_if_nobody_takes_over(pair: Pair, components: Make) -> None:
    made = components(**SETTINGS, response_timeout=2.0)

    @made.redis_connection("logs", wait=600)
    def call(conn: Any, way: str) -> Any:
        if way == "command":
            return conn.incr("n")
        if way == "pipeline":
            return conn.pipeline(transaction=False).incr("n").execute()
        return conn.blpop("queue", 0)

    assert call("command") == 1
    pair.offer(1, "m1")
    pair.is_ready("m1")
    # Both are replicas, and stay so.
    pair.servers[0].client.replicaof("127.0.0.1", pair.servers[1].port)
    for way in ("command", "pipeline", "pop"):
        waiting = Waiting(functools.partial(call, way))
        with pytest.raises(redis.exceptions.ReadOnlyError):
            waiting.end()


def _words(executed: dict[str, str]) -> list[str]:
    return executed["command"].split()


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (["BLPOP", "a", "b", 5], ["BLPOP", "a", "b", 4.0]),
        (["blmove", "a", "b", "LEFT", "LEFT", "2.5"], ["blmove", "a", "b", "LEFT", "LEFT", 1.5]),
        (["BRPOPLPUSH", "a", "b", 0], ["BRPOPLPUSH", "a", "b", 0]),
        (["BZPOPMIN", "a", 1], ["BZPOPMIN", "a", 0.001]),
        (["BLMPOP", 5, 1, "a", "LEFT"], ["BLMPOP", 4.0, 1, "a", "LEFT"]),
        (
            ["XREAD", "BLOCK", 3000, "STREAMS", "s", "$"],
            ["XREAD", "BLOCK", 2000, "STREAMS", "s", "$"],
        ),
        (
            [b"XREAD", b"block", b"500", b"streams", "s", 0],
            [b"XREAD", b"block", 1, b"streams", "s", 0],
        ),
        (
            ["XREADGROUP", "BLOCK", 3000, "GROUP", "g", "c", "STREAMS", "s", ">"],
            ["XREADGROUP", "BLOCK", 2000, "GROUP", "g", "c", "STREAMS", "s", ">"],
        ),
        (
            ["XREADGROUP", "GROUP", "BLOCK", "c", "COUNT", 1, "BLOCK", 0, "STREAMS", "s", ">"],
            ["XREADGROUP", "GROUP", "BLOCK", "c", "COUNT", 1, "BLOCK", 0, "STREAMS", "s", ">"],
        ),
    ],
)
def test_r15_what_is_left_of_a_wait(given: list[Any], left: list[Any]) -> None:
    assert may_wait(given)
    assert list(with_wait_since(given, 1.0)) == left


def test_r15_what_waits_for_nothing_is_sent_as_it_is() -> None:
    commands: list[list[Any]] = [
        ["GET", "BLPOP"],
        ["XREAD", "STREAMS", "BLOCK", "5"],
        ["XREADGROUP", "GROUP", "g", "BLOCK", "STREAMS", "s", ">"],
        ["BLPOP"],
        ["WAIT", 1, 5],
    ]
    for words in commands:
        assert not may_wait(words)
        assert with_wait_since(words, 1.0) == words
