"""The control key: what it says is understood as in Rust."""

from __future__ import annotations

import json
from typing import Any, Callable

import pytest

from redis_components import Components
from redis_components.config import digest, from_json
from servers import Server, eventually
from test_calls import KEY, port_of
from test_receipts import receipt, words

Start = Callable[..., Server]
Make = Callable[..., Components]


@pytest.mark.parametrize(
    ("receipts", "every", "ttl"),
    [
        ({"every": 20, "ttl": 30}, 20, 30),
        ({"every": 5}, 5, 35),
        # What Rust refuses leaves the usual times.
        ({"every": 60}, 10, 35),
        ({"every": 20, "ttl": 29}, 10, 35),
        ({"every": 20.0, "ttl": 40}, 10, 35),
        ({"every": 20, "ttl": 40, "jitter": 301}, 10, 35),
        ({"every": True, "ttl": 40}, 10, 35),
        ([20, 40], 10, 35),
    ],
)
def test_r14_receipts_are_written_as_often_as_rust_writes_them(
    receipts: Any, every: int, ttl: int, config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    told = json.dumps({"salt": "s", "receipts": receipts})
    config_server.client.set("config:redis:@fleet", told)
    assert port_of(components(receipts=True), wait=0)() == a.port
    # The salt shows that the key has been read.
    salted = digest(from_json(config_server.client.get(KEY).decode()), "s")
    eventually(lambda: words(config_server)[0] == salted)
    process = json.loads(receipt(config_server)["@"])
    assert (process["every"], process["ttl"]) == (every, ttl)


def test_r14_a_salt_that_is_too_long_counts_as_none(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    told = json.dumps({"salt": "s" * 257, "receipts": {"every": 20}})
    config_server.client.set("config:redis:@fleet", told)
    assert port_of(components(receipts=True), wait=0)() == a.port
    eventually(lambda: json.loads(receipt(config_server).get("@", "{}")).get("every") == 20)
    unsalted = digest(from_json(config_server.client.get(KEY).decode()), "")
    eventually(lambda: words(config_server)[0] == unsalted)


@pytest.mark.parametrize(
    ("candidate", "is_taken"),
    [
        ({}, True),
        ({"until": "9999-12-31T23:59:59Z"}, True),
        ({"until": "9999-12-31T23:59:59+00:00"}, True),
        ({"until": "9999-12-31t23:59:59z"}, False),
        ({"id": "-"}, False),
        ({"on": [[]]}, False),
    ],
)
def test_r15_a_candidate_is_taken_if_rust_takes_it(
    candidate: dict[str, Any],
    is_taken: bool,
    config_server: Server,
    server: Start,
    components: Make,
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    offer = {"id": "m1", "config": json.loads(b.config()), **candidate}
    told = json.dumps({"salt": "s", "prepare": {"logs": offer}})
    config_server.client.set("config:redis:@fleet", told)
    assert port_of(components(receipts=True), wait=0)() == a.port
    salted = digest(from_json(config_server.client.get(KEY).decode()), "s")
    eventually(lambda: words(config_server)[0] == salted)
    if is_taken:
        eventually(lambda: words(config_server)[2] == "ready")
    else:
        assert words(config_server)[2] == "ok"
