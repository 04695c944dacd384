"""What a process says about itself on the config server."""

from __future__ import annotations

import json
import logging
from typing import Callable

import pytest

from redis_components import Components
from redis_components.config import digest, from_json
from servers import Server, eventually
from test_calls import KEY, port_of

Start = Callable[..., Server]
Make = Callable[..., Components]
FLEET = "redis-components:fleet"


def receipt(config_server: Server) -> dict[str, str]:
    """Returns the only receipt there is, or nothing."""
    keys = list(config_server.client.scan_iter("redis-components:receipt:*"))
    if not keys:
        return {}
    (key,) = keys
    fields = config_server.client.hgetall(key)
    return {name.decode(): value.decode() for name, value in fields.items()}


def words(config_server: Server) -> list[str]:
    return receipt(config_server).get("logs", "- - - - - - -").split(" ", 6)


def until(config_server: Server, state: str, kind: str) -> None:
    eventually(lambda: words(config_server)[2] == state)
    eventually(lambda: words(config_server)[6].startswith(kind))


def test_r14_a_receipt_says_what_is_in_force_and_what_was_read(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set("config:redis:@fleet", '{"salt": "of the fleet"}')
    config_server.client.set(KEY, a.config(password="S3cretZ", username="default"))
    a.client.config_set("requirepass", "S3cretZ")
    allowed = (str(a.folder),)
    made = components(
        receipts=True,
        application="shop",
        reread_interval=0.05,
        allow_unix_sockets_under=allowed,
    )
    assert port_of(made, wait=0)() == a.port
    told = digest(from_json(config_server.client.get(KEY).decode()), "of the fleet")
    eventually(lambda: words(config_server)[:4] == [told, told, "ok", "1"])
    assert words(config_server)[5:] == ["0", "-"]
    assert abs(int(words(config_server)[4]) - int(config_server.client.time()[0])) < 100

    process = json.loads(receipt(config_server)["@"])
    member = f"shop:{process['instance']}"
    assert process["application"] == "shop"
    assert process["language"] == "python"
    assert process["mode"] == "poll"
    assert process["key_prefix"] == "config:redis:"
    assert (process["v"], process["every"], process["ttl"]) == (1, 10, 35)
    key = f"redis-components:receipt:{member}"
    assert 30 <= config_server.client.ttl(key) <= 35
    assert config_server.client.zrange(FLEET, 0, -1) == [member.encode()]

    for bad, state, kind in [
        ('{"host": "h", "prot": 1}', "refused", "config_invalid"),
        ('{"host": "127.0.0.1", "port": 1}', "unreachable", "server_unreachable"),
        (a.config(password="wrong"), "refused", "server_refused"),
        ('{"unix_socket_path": "/run/x"}', "refused", "forbidden_by_policy"),
        (a.config(password={"file": "/no/such"}), "unreachable", "reference_unavailable"),
    ]:
        config_server.client.set(KEY, bad)
        until(config_server, state, kind)
        assert words(config_server)[0] == told
        seen = "-" if kind == "config_invalid" else digest(from_json(bad), "of the fleet")
        assert words(config_server)[1] == seen
    config_server.client.delete(KEY)
    eventually(lambda: words(config_server)[1:3] == ["-", "trying"])
    assert words(config_server)[6].startswith("config_missing")
    config_server.client.set(KEY, '{"disabled": true}')
    eventually(lambda: words(config_server)[2] == "disabled")
    assert words(config_server)[0] == "-"
    assert "S3cretZ" not in str(receipt(config_server))

    made.close(10)
    assert receipt(config_server) == {}
    assert config_server.client.zcard(FLEET) == 0


def test_r14_a_receipt_says_that_a_candidate_is_ready(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    config_server.client.set(KEY, a.config())
    made = components(receipts=True, reread_interval=0.05)
    port = port_of(made, wait=0)
    assert port() == a.port
    eventually(lambda: words(config_server)[2] == "ok")
    later = int(config_server.client.time()[0]) + 1000

    def prepare(name: str, config: str, until: int) -> None:
        candidate = {"id": name, "config": json.loads(config), "until": until}
        control = json.dumps({"prepare": {"logs": candidate}})
        config_server.client.set("config:redis:@fleet", control)

    prepare("move-1", b.config(), later)
    eventually(lambda: words(config_server)[2:7:4] == ["ready", "move-1"])
    assert port() == a.port
    prepare("move-2", b.config(port=1), later)
    eventually(lambda: words(config_server)[2] == "ok")
    prepare("move-3", b.config(), later)
    eventually(lambda: words(config_server)[2:7:4] == ["ready", "move-3"])
    prepare("move-3", b.config(), 1)
    eventually(lambda: words(config_server)[2] == "ok")


def test_r14_a_receipt_is_renewed_while_nobody_calls(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set("config:redis:@fleet", '{"receipts": {"every": 1, "ttl": 3}}')
    config_server.client.set(KEY, a.config())
    made = components(receipts=True, reread_interval=0.05)
    assert port_of(made)() == a.port
    eventually(lambda: receipt(config_server))
    config_server.client.flushall()
    eventually(lambda: receipt(config_server))


def test_r14_who_may_not_write_receipts_is_served_all_the_same(
    config_server: Server, server: Start, components: Make, caplog: pytest.LogCaptureFixture
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    config_server.client.execute_command(
        *[
            "ACL",
            "SETUSER",
            "reader",
            "on",
            "nopass",
            "-@all",
            "+getrange",
            "+ping",
            "~config:redis:*",
        ]
    )
    url = f"redis://reader@127.0.0.1:{config_server.port}"
    made = components(config_servers=url, receipts=True, reread_interval=0.02)
    port = port_of(made, wait=0)
    with caplog.at_level(logging.WARNING):
        eventually(lambda: port() == a.port and "receipts are off" in caplog.text)
        before = config_server.calls("getrange")
        eventually(lambda: config_server.calls("getrange") > before + 20)
    assert caplog.text.count("receipts are off") == 1
    assert receipt(config_server) == {}
