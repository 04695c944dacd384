"""The end of components, and processes that can have no more threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from redis_components import Components
from servers import SOON, Server, eventually
from test_calls import KEY, async_port_of, is_at, port_of

Start = Callable[..., Server]
Make = Callable[..., Components]
PACKAGE = Path(__file__).parents[1]


def own_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("redis-components")]


def test_r10_calls_that_meet_the_end_of_components_begin_anew(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()
    port, over, wrong = port_of(made, wait=0), threading.Event(), []
    counted = [0] * 4

    def call(number: int) -> None:
        while not over.is_set():
            try:
                assert port() == a.port
            except BaseException as failed:
                wrong.append(failed)
            counted[number] += 1

    threads = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        made.close(SOON)
    before = list(counted)
    eventually(lambda: all(now > then + 1 for now, then in zip(counted, before)))
    over.set()
    for thread in threads:
        thread.join(SOON)
    assert not any(thread.is_alive() for thread in threads)
    # A call that was on a connection finds it as it was.
    assert wrong == []


def test_r10_a_slot_that_was_closed_asks_nobody(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()
    assert port_of(made)() == a.port
    slot = made._slot("logs")
    made.close(SOON)
    began = time.monotonic()
    assert list(slot.acquire(0)) == []
    assert list(slot.look(SOON)) == []
    assert time.monotonic() - began < 5
    assert slot.published is None


def test_r10_threads_end_with_their_components(
    config_server: Server, server: Start, components: Make, caplog: pytest.LogCaptureFixture
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    made = components(receipts=True, reread_interval=0.05)
    port = port_of(made, wait=0)
    assert port() == a.port
    assert own_threads()
    # A server that does not answer is tried, and one is a candidate.
    b.freeze()
    control = f'{{"prepare": {{"logs": {{"id": "m", "config": {b.config()}}}}}}}'
    config_server.client.set("config:redis:@fleet", control)
    config_server.client.set(KEY, b.config(socket_timeout=1, db=2))
    expected = {"redis-components", "redis-components-attempt", "redis-components-candidate"}
    eventually(lambda: port() == a.port and expected <= set(own_threads()))
    made.close(0)
    caplog.clear()
    b.thaw()
    eventually(lambda: not own_threads())
    # What was tried does not come into force any more, and nobody is told.
    assert [record for record in caplog.records if record.name == "redis_components"] == []
    assert made.status() == []
    eventually(lambda: not [name for name in b.clients() if ":logs:" in name])
    assert port_of(made, wait=0)() == b.port
    made.close(SOON)
    assert own_threads() == []


def test_r5_a_process_that_can_have_no_more_threads_goes_on(
    config_server: Server, server: Start, components: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    made = components(reread_interval=0.05)
    port = port_of(made, wait=0)
    usual, is_full = threading.Thread.start, threading.Event()

    def start(thread: threading.Thread) -> None:
        if is_full.is_set() and thread.name.startswith("redis-components"):
            raise RuntimeError("can't start new thread")
        usual(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    is_full.set()
    with pytest.raises(Exception, match="no thread can be started"):
        port()
    is_full.clear()
    eventually(lambda: is_at(port, a.port))
    is_full.set()
    control = f'{{"prepare": {{"logs": {{"id": "m", "config": {b.config()}}}}}}}'
    config_server.client.set("config:redis:@fleet", control)
    config_server.client.set(KEY, b.config())
    assert [port() for _ in range(20)] == [a.port] * 20
    assert "no thread can be started" in str(made.status()[0].problem)
    is_full.clear()
    eventually(lambda: port() == b.port)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_r10_the_end_of_a_process_is_quiet(
    is_frozen: bool, config_server: Server, server: Start
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    program = """
import asyncio, logging, sys
from redis_components import Settings, _settings, configure, redis_connection
# The machine may be busy.
_settings._CONFIG_SERVER_ANSWERS_WITHIN = 10
logging.basicConfig(level=logging.ERROR)
configure(Settings(connect_timeout=10, response_timeout=10, reread_interval=0.01))
ping = redis_connection("logs", wait=0)(lambda conn: conn.ping())
@redis_connection("logs", wait=0)
async def ping_in_task(conn):
    return await conn.ping()
ping()
asyncio.run(ping_in_task())
print("called", flush=True)
sys.stdin.readline()
try:
    ping()
except Exception:
    pass
"""
    environment = {
        **os.environ,
        "REDIS_CONFIG_URL": config_server.url,
        "PYTHONPATH": str(PACKAGE / "src"),
    }
    child = subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"called\n"
    if is_frozen:
        b.freeze()
        config_server.client.set(KEY, b.config(socket_timeout=0.5))
    _, said = child.communicate(b"\n", timeout=SOON)
    assert (child.returncode, said) == (0, b"")


def test_r12_calls_of_tasks_that_meet_the_end_begin_anew(
    config_server: Server, server: Start, components: Make
) -> None:
    import asyncio

    a = server()
    config_server.client.set(KEY, a.config())
    made = components()
    port: Callable[[], Any] = async_port_of(made, wait=0)

    async def calls() -> None:
        assert await port() == a.port
        for _ in range(20):
            tasks = [asyncio.create_task(port()) for _ in range(4)]
            await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(None, made.close, SOON)
            assert await asyncio.wait_for(asyncio.gather(*tasks), SOON) == [a.port] * 4

    asyncio.run(calls())


def test_r12_a_loop_that_ends_at_once_leaves_nothing_pending(
    config_server: Server, server: Start
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    # The call leaves the config, so that the client is closed when the call and its loop end.
    program = """
import asyncio, gc, sys
import redis
from redis_components import Settings, _settings, configure, redis_connection
_settings._CONFIG_SERVER_ANSWERS_WITHIN = 10
config_server, key, of_a, of_b, port = sys.argv[1:]
configure(Settings(config_server, connect_timeout=10, response_timeout=10, receipts=False))
configs, a = redis.Redis.from_url(config_server), redis.Redis(port=int(port))
@redis_connection("logs", wait=0)
async def leave(conn):
    await conn.ping()
    configs.set(key, of_b)
    a.replicaof("127.0.0.1", 1)
    try:
        await conn.set("key", "value")
    except redis.ReadOnlyError:
        return True
for _ in range(3):
    configs.set(key, of_a)
    a.replicaof("NO", "ONE")
    assert asyncio.run(leave())
    gc.collect()
a.close()
configs.close()
"""
    arguments = [config_server.url, KEY, a.config(), b.config(), str(a.port)]
    child = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program, *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE / "src")},
        timeout=60,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, b"")
