"""A fail-over that sentinels make."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Callable

import pytest
import redis

from redis_components import Components
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


def test_r13_calls_that_only_read_follow_a_fail_over(
    sentinel: tuple[redis.Redis, Server, Server], config_server: Server, components: Make
) -> None:
    client, primary, replica = sentinel
    sentinels = [f"127.0.0.1:{client.connection_pool.connection_kwargs['port']}"]
    config_server.client.set(KEY, json.dumps({"sentinels": sentinels, "service_name": "main"}))
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
