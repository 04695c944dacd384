"""A cluster whose slots lose their owner."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from redis_components import Components
from servers import Server, eventually
from test_calls import KEY

Make = Callable[..., Components]
LACKING = "only 16383 of its 16384 hash slots have an owner; give each slot an owner"
BEGINS = "slots of a cluster have no owner: component `logs`"
ENDS = "all slots of a cluster have an owner: component `logs`"


@pytest.mark.parametrize("is_required", [True, False])
def test_r5_slots_that_lose_their_owner_are_told_once_and_shown(
    is_required: bool,
    config_server: Server,
    server: Callable[..., Server],
    components: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "redis_components")
    node = server("--cluster-enabled", "yes", "--cluster-require-full-coverage", "no")
    node.client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    eventually(lambda: node.client.cluster("info")["cluster_state"] == "ok")
    where = {"cluster": [f"127.0.0.1:{node.port}"], "require_full_coverage": is_required}
    config_server.client.set(KEY, json.dumps(where))
    made = components(reread_interval=0.02)

    @made.redis_connection("logs", wait=0)
    def count(conn: Any) -> int:
        return int(conn.incr("counter"))

    assert count() == 1

    def shown() -> str:
        return str(made.status()[0].problem)

    def reads() -> int:
        return int(config_server.client.info("commandstats")["cmdstat_getrange"]["calls"])

    assert shown() == "None"
    node.client.execute_command("CLUSTER DELSLOTS", 0)
    if not is_required:
        before = reads()
        eventually(lambda: reads() > before + 5)
        assert (shown(), BEGINS in caplog.text) == ("None", False)
        return
    eventually(lambda: LACKING in shown())
    assert count() == 2
    before = reads()
    eventually(lambda: reads() > before + 5)
    assert caplog.text.count(BEGINS) == 1
    assert LACKING in caplog.text
    node.client.execute_command("CLUSTER ADDSLOTS", 0)
    eventually(lambda: shown() == "None")
    assert caplog.text.count(ENDS) == 1
    # It says nothing of the next config.
    node.client.execute_command("CLUSTER DELSLOTS", 0)
    eventually(lambda: LACKING in shown())
    other = server()
    config_server.client.set(KEY, other.config())
    assert count() == 1
    assert shown() == "None"
