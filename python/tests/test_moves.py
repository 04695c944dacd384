"""R15: calls go on while their data moves, and each is executed once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from typing import Any, Callable

import pytest
import redis
import redis.exceptions

from pair import CONTROL, Pair, is_primary
from redis_components import Components
from servers import SOON, Server, eventually

Start = Callable[..., Server]
Make = Callable[..., Components]
SETTINGS: dict[str, Any] = {"receipts": True, "reread_interval": 0.05}
# How long a config names the old server after a fail-over, in seconds.
LATER = 0.1


@pytest.fixture
def pair(config_server: Server, server: Start) -> Pair:
    return Pair(config_server, server)


@pytest.fixture
def made(components: Make) -> Components:
    return components(**SETTINGS)


class Load:
    """Callers in threads and tasks, each of which counts on its own until told to stop."""

    def __init__(self, made: Components) -> None:
        self.counted: dict[str, int] = {}
        self.failed: list[BaseException] = []
        self._stops = threading.Event()
        self._of_threads = _ways(made)
        self._of_tasks = _async_ways(made)
        work = [*self._of_threads.items(), ("tasks", None)]
        self._threads = [threading.Thread(target=self._run, args=one) for one in work]
        for thread in self._threads:
            thread.start()

    def goes_on(self) -> None:
        before = dict(self.counted)
        count = len(self._of_threads) + len(self._of_tasks)
        eventually(
            lambda: (
                self.failed
                or (
                    len(self.counted) == count
                    and all(told > before.get(key, 0) + 5 for key, told in self._told())
                )
            )
        )
        self._check()

    def _told(self) -> list[tuple[str, int]]:
        return list(self.counted.items())

    def _check(self) -> None:
        for failed in self.failed:
            raise failed

    def end(self, server: Server) -> None:
        """Compares what callers were told with what a server holds."""
        self._stops.set()
        for thread in self._threads:
            thread.join(SOON)
        self._check()
        assert self.counted
        for key, counted in self.counted.items():
            assert int(server.client.get(key)) == counted, key

    def _run(self, name: str, count: Callable[[str], int] | None) -> None:
        try:
            if count is None:
                asyncio.run(self._run_tasks())
                return
            while not self._stops.is_set():
                self._note(name, count(name))
        except BaseException as failed:
            self.failed.append(failed)

    async def _run_tasks(self) -> None:
        async def counting(name: str, count: Callable[[str], Any]) -> None:
            while not self._stops.is_set():
                self._note(name, await count(name))

        await asyncio.gather(*(counting(*one) for one in self._of_tasks.items()))

    def _note(self, name: str, told: int) -> None:
        # Each increment is counted once, in order.
        assert told == self.counted.get(name, 0) + 1, name
        self.counted[name] = told


def _ways(made: Components) -> dict[str, Callable[[str], int]]:
    @made.redis_connection("logs", wait=600)
    def command(conn: redis.Redis, key: str) -> int:
        return int(conn.incr(key))

    @made.redis_connection("logs", wait=600, decode_responses=True)
    def after_a_read(conn: redis.Redis, key: str) -> int:
        before = int(conn.get(key) or 0)
        after = int(conn.incr(key))
        # Until the config names the new server, a call begins at the old one, which is a replica by
        # now and may be behind by what the last call has written.
        assert before < after
        assert conn.get(key) == str(after)
        return after

    @made.redis_connection("logs", wait=600)
    def pipeline(conn: Any, key: str) -> int:
        with conn.pipeline(transaction=False) as pipe:
            return int(pipe.get("known").incr(key).execute()[1])

    @made.redis_connection("logs", wait=600)
    def transaction(conn: Any, key: str) -> int:
        pipe = conn.pipeline()
        pipe.set("known", "before").incr(key).get(key)
        _, after, read = pipe.execute()
        assert int(read) == after
        return int(after)

    ways = [command, after_a_read, pipeline, transaction]
    return {f"{way.__name__}:of-thread": way for way in ways}


def _async_ways(made: Components) -> dict[str, Callable[[str], Any]]:
    @made.redis_connection("logs", wait=600)
    async def command(conn: Any, key: str) -> int:
        return int(await conn.incr(key))

    @made.redis_connection("logs", wait=600)
    async def side_by_side(conn: Any, key: str) -> int:
        first, second, _ = await asyncio.gather(
            conn.incr(f"{key}:other"), conn.incr(key), conn.get("known")
        )
        assert first == second
        return int(second)

    @made.redis_connection("logs", wait=600)
    async def pipeline(conn: Any, key: str) -> int:
        async with conn.pipeline(transaction=False) as pipe:
            return int((await pipe.get("known").incr(key).execute())[1])

    @made.redis_connection("logs", wait=600)
    async def transaction(conn: Any, key: str) -> int:
        pipe = conn.pipeline()
        pipe.incr(key)
        return int((await pipe.execute())[0])

    ways = [command, side_by_side, pipeline, transaction]
    return {f"{way.__name__}:of-task": way for way in ways}


def is_followed(pair: Pair, made: Components, number: int) -> None:
    """Waits until the config is in force, as `move` does before it says that it is done."""
    server = f"127.0.0.1:{pair.servers[number].port}"
    eventually(lambda: made.status()[0].server == server)


def is_said(pair: Pair, state: str, reason: str) -> None:
    eventually(lambda: pair.receipt()[2:7:4] == [state, reason])


def test_r15_moves_there_and_back_fail_no_call_and_count_each_once(
    pair: Pair, made: Components
) -> None:
    load, primary = Load(made), 0
    load.goes_on()
    for number in range(6):
        pair.offer(1 - primary, f"move-{number}")
        pair.is_ready(f"move-{number}")
        pair.fail_over_from(primary)
        primary = 1 - primary
        # Calls go on before the config says where the data is.
        time.sleep(LATER)
        load.goes_on()
        pair.set(primary)
        is_followed(pair, made, primary)
        pair.is_in_step(primary)
        load.goes_on()
    load.end(pair.servers[primary])


def test_r15_a_connection_goes_on_at_the_new_server(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=600)
    def through_a_move(conn: Any, other: int) -> list[Any]:
        before = conn.incr("n")
        pair.offer(other, f"to-{other}")
        pair.is_ready(f"to-{other}")
        pair.fail_over_from(1 - other)
        pipe = conn.pipeline()
        known = id(conn)
        after = conn.incr("n")
        assert id(conn) == known
        # What only reads goes there too, and so does a pipeline that there was already.
        port = conn.config_get("port")["port"]
        in_pipe = pipe.config_get("port").execute()[0]["port"]
        pair.set(other)
        is_followed(pair, made, other)
        pair.is_in_step(other)
        # The call keeps nothing at the server that it has left.
        eventually(lambda: made.status()[0].old_connections == 0)
        return [before, after, int(port), int(in_pipe), conn.incr("n")]

    ports = [one.port for one in pair.servers]
    assert through_a_move(1) == [1, 2, ports[1], ports[1], 3]
    assert through_a_move(0) == [4, 5, ports[0], ports[0], 6]


def test_r15_without_a_candidate_a_refused_call_follows_the_config(
    pair: Pair, components: Make
) -> None:
    # Only what is refused has the config read again.
    made = components(reread_interval=600)

    @made.redis_connection("logs", wait=600)
    def count(conn: redis.Redis, *, reads_first: bool = False) -> int:
        if reads_first:
            conn.get("n")
        return int(conn.incr("n"))

    @made.redis_connection("logs", wait=600)
    async def count_in_task(conn: Any) -> int:
        return int(await conn.incr("n"))

    def move(primary: int) -> None:
        pair.is_in_step(primary)
        pair.fail_over_from(primary)
        pair.set(1 - primary)

    assert count() == 1
    move(0)
    assert count() == 2
    move(1)
    assert asyncio.run(count_in_task()) == 3
    move(0)
    # Nobody says that the server of the config has the data that was read.
    with pytest.raises(redis.exceptions.ReadOnlyError):
        count(reads_first=True)
    assert count() == 4
    pair.is_in_step(1)
    pair.fail_over_from(1)
    # There is nowhere to go, and nothing to wait for.
    with pytest.raises(redis.exceptions.ReadOnlyError):
        count()


def test_r15_a_candidate_with_other_data_gets_nothing(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=600)
    def count(conn: redis.Redis) -> int:
        return int(conn.incr("n"))

    assert count() == 1
    pair.offer(1, "other-data", on=[])
    pair.is_ready("other-data")
    pair.fail_over_from(0)
    with pytest.raises(redis.exceptions.ReadOnlyError):
        count()
    assert pair.servers[1].calls("incr") == 0
    pair.offer(1, "same-data", on=["READONLY"])
    eventually(lambda: pair.receipt()[6] == "same-data")
    assert count() == 2


def test_r15_a_fenced_server_sends_to_a_candidate_that_says_so(
    pair: Pair, made: Components
) -> None:
    @made.redis_connection("logs", wait=600)
    def count(conn: Any, way: str) -> int:
        if way == "command":
            return int(conn.incr("n"))
        pipe = conn.pipeline(transaction=way == "transaction")
        return int(pipe.incr("n").execute()[0])

    assert count("command") == 1
    eventually(lambda: pair.servers[1].client.get("n") == b"1")
    pair.servers[1].client.replicaof("NO", "ONE")
    eventually(lambda: is_primary(pair.servers[1]))
    pair.servers[0].client.config_set("min-replicas-to-write", 1)
    pair.offer(1, "for-replicas")
    pair.is_ready("for-replicas")
    with pytest.raises(redis.exceptions.ResponseError, match="NOREPLICAS"):
        count("command")
    pair.offer(1, "for-fenced", on=["NOREPLICAS"])
    pair.is_ready("for-fenced")
    counted = [count(way) for way in ("command", "pipeline", "transaction")]
    assert counted == [2, 3, 4]


def test_r15_what_is_refused_while_data_is_copied_waits_until_the_config_is_in_force(
    pair: Pair, made: Components
) -> None:
    old, new = (server.client for server in pair.servers)
    new.replicaof("NO", "ONE")
    eventually(lambda: is_primary(pair.servers[1]))
    old.set("n", 5)

    @made.redis_connection("logs", wait=1)
    def count(conn: Any, way: str) -> int:
        if way == "after a read":
            assert conn.get("n") is not None
        if way in ("command", "after a read"):
            return int(conn.incr("n"))
        pipe = conn.pipeline(transaction=way == "transaction")
        return int(pipe.get("n").incr("n").execute()[1])

    assert count("command") == 6
    config = {"host": "127.0.0.1", "port": pair.servers[1].port}
    copy = {"id": "copy", "config": config, "on": [], "hold": ["NOREPLICAS"]}
    pair.control({"prepare": {"logs": copy}})
    pair.is_ready("copy")
    old.config_set("min-replicas-to-write", 9)
    ways = ["command", "after a read", "pipeline", "transaction"]
    with concurrent.futures.ThreadPoolExecutor(len(ways)) as threads:
        counts = [threads.submit(count, way) for way in ways]

        def refused() -> int:
            return int(old.info("errorstats").get("errorstat_NOREPLICAS", {}).get("count", 0))

        eventually(lambda: refused() > 40)
        assert not any(count.done() for count in counts)
        # Nothing has gone to a server that lacks the data.
        assert new.get("n") is None
        new.set("n", 6)
        pair.set(1)
        assert sorted(count.result() for count in counts) == [7, 8, 9, 10]
    assert old.get("n") == b"6"


def test_r15_calls_wait_for_a_candidate_that_is_promoted_late(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=600)
    def count(conn: redis.Redis) -> int:
        return int(conn.incr("n"))

    assert count() == 1
    pair.offer(1, "late")
    pair.is_ready("late")
    old, new = pair.servers
    eventually(lambda: new.client.get("n") == b"1")
    # Neither takes writes for a while.
    old.client.replicaof("127.0.0.1", new.port)
    promote = threading.Timer(0.3, lambda: new.client.replicaof("NO", "ONE"))
    promote.start()
    assert count() == 2
    assert new.client.get("n") == b"2"
    promote.join()


def test_r15_calls_go_to_the_candidate_while_the_config_server_is_gone(
    pair: Pair, components: Make
) -> None:
    made = components(**SETTINGS, response_timeout=1.0)

    @made.redis_connection("logs", wait=600)
    def count(conn: redis.Redis) -> int:
        return int(conn.incr("n"))

    @made.redis_connection("logs", wait=600)
    async def count_in_task(conn: Any) -> int:
        return int(await conn.incr("n"))

    assert count() == 1
    pair.offer(1, "m1")
    pair.is_ready("m1")
    pair.config_server.freeze()
    pair.fail_over_from(0)
    assert count() == 2
    # What is known of the candidate is not fresh any more.
    time.sleep(2.5)
    assert count() == 3
    assert asyncio.run(count_in_task()) == 4
    pair.config_server.thaw()


def test_r15_a_move_that_is_called_back_leaves_calls_at_the_old_server(
    pair: Pair, made: Components
) -> None:
    load = Load(made)
    load.goes_on()
    pair.offer(1, "called-back")
    pair.is_ready("called-back")
    old, new = pair.servers
    # The old server steps down, and cannot log in at the new one, which does not take over.
    old.client.config_set("masterauth", "wrong")
    for _ in range(3):
        pair.step_down(0)
        time.sleep(LATER)
        old.client.execute_command("FAILOVER", "ABORT")
        load.goes_on()
    pair.control({})
    is_said(pair, "ok", "-")
    load.goes_on()
    load.end(old)
    assert not is_primary(new)


def test_r15_a_candidate_that_cannot_be_used_is_reported_so(pair: Pair, components: Make) -> None:
    made = components(**SETTINGS, allow_unix_sockets_under=(str(pair.servers[0].folder),))

    @made.redis_connection("logs", wait=600)
    def ping(conn: redis.Redis) -> None:
        conn.ping()

    ping()
    locked = {"port": pair.servers[1].port, "host": "127.0.0.1", "password": "wrong"}
    pair.servers[1].client.config_set("requirepass", "S3cretZ")
    for number, (config, standing) in enumerate(
        [
            (
                {"unix_socket_path": "/run/not/allowed.sock"},
                "refused forbidden_by_policy the settings do not allow it",
            ),
            (
                {"host": "127.0.0.1", "port": 1},
                "unreachable server_unreachable it does not answer",
            ),
            (locked, "refused server_refused it refuses the login"),
            (
                {"host": "h", "password": {"file": "/no/such"}},
                "unreachable reference_unavailable what it refers to cannot be used for the moment",
            ),
            (
                {"host": "h", "password": {"env": "NO_SUCH_VARIABLE"}},
                "refused config_invalid it is no usable config",
            ),
        ]
    ):
        name = f"c-{number}"
        pair.control({"prepare": {"logs": {"id": name, "config": config}}})
        is_said(pair, "ok", f"candidate {name} {standing}")
    # What is no candidate is left out.
    for wrong in [
        {"id": "a b", "config": {"host": "h"}},
        {"id": "a", "config": {"disabled": True}},
        {"id": "a", "config": {"hots": "h"}},
        {"id": "a", "config": {"host": "h"}, "until": "soon"},
        {"id": "a", "config": {"host": "h"}, "on": ["MOVED"]},
        {"id": "a", "config": {"host": "h"}, "hold": ["NOPERM"]},
        {"id": "a", "config": {"host": "h"}, "until": "2020-01-01T00:00:00Z"},
    ]:
        pair.control({"prepare": {"logs": wrong}, "receipts": {"ttl": 1000}})
        is_said(pair, "ok", "-")
        pair.control({"prepare": {"logs": {"id": "c", "config": {"host": "::1", "port": 1}}}})
        eventually(lambda: pair.receipt()[6].startswith("candidate c unreachable"))


def test_r15_a_candidate_is_ready_for_each_loop_and_is_dropped_afterwards(
    pair: Pair, made: Components
) -> None:
    @made.redis_connection("logs", wait=600)
    async def ping(conn: Any) -> None:
        await conn.ping()

    async def calls() -> None:
        await ping()
        pair.offer(1, "m", until="2099-01-01T00:00:00Z")
        # The receipt may say so as soon as the loop has had its turn.
        deadline = time.monotonic() + SOON
        while pair.receipt()[2:7:4] != ["ready", "m"]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        # One connection of the loop, and one of threads.
        assert len(named(pair.servers[1])) == 2
        pair.control({})
        while named(pair.servers[1]):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    def named(server: Server) -> list[str]:
        return [name for name in server.clients() if ":logs:" in name]

    asyncio.run(calls())


def test_r15_connections_of_a_candidate_are_used_on(pair: Pair, made: Components) -> None:
    @made.redis_connection("logs", wait=0)
    def client_id(conn: redis.Redis) -> int:
        return int(conn.client_id())

    client_id()
    pair.offer(1, "m")
    pair.is_ready("m")
    (before,) = [
        int(one["id"]) for one in pair.servers[1].client.client_list() if ":logs:" in one["name"]
    ]
    pair.set(1)
    assert client_id() == before
    pair.config_server.client.delete(CONTROL)
    is_said(pair, "ok", "-")
    assert client_id() == before
