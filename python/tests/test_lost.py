"""What a process does while its config server is lost, or says that it is not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components, ErrorKind, Login, _settings
from servers import SOON, Server, eventually
from test_calls import KEY, is_at, port_of

Start = Callable[..., Server]
Make = Callable[..., Components]


def test_r5_logins_are_renewed_while_the_config_server_is_lost(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    a.client.execute_command("ACL", "SETUSER", "app", "on", "~*", "+@all")
    given: list[str] = []

    def tokens() -> Login:
        given.append(f"token-{len(given)}")
        a.client.execute_command("ACL", "SETUSER", "app", "resetpass", f">{given[-1]}")
        return Login(given[-1], username="app", expires=time.time() + 0.4)

    config_server.client.set(KEY, a.config(password={"provider": "tokens"}))
    made = components(credentials={"tokens": tokens})
    port = port_of(made, wait=0)
    assert port() == a.port
    config_server.kill()
    assert port() == a.port
    lost_with = made.status()[0].generation
    eventually(lambda: made.status()[0].generation >= lost_with + 2)
    assert port() == a.port


def test_r5_logins_are_renewed_while_the_login_of_the_config_server_is_not_given(
    config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    given, asked, hangs, goes_on = [], [], threading.Event(), threading.Event()

    def tokens() -> Login:
        given.append(time.monotonic())
        return Login("token", username="app", expires=time.time() + 1)

    def of_config_server() -> Login:
        asked.append(time.monotonic())
        if hangs.is_set():
            goes_on.wait(6 * SOON)
        return Login("token", username="app")

    for one in (config_server, a):
        one.client.execute_command("ACL", "SETUSER", "app", "on", "~*", "+@all", ">token")
    config_server.client.set(KEY, a.config(password={"provider": "tokens"}))
    where = config_server.config(password={"provider": "config"})
    made = components(
        config_servers=where,
        credentials={"tokens": tokens, "config": of_config_server},
        connect_timeout=0.3,
    )
    port = port_of(made, wait=0)
    eventually(lambda: is_at(port, a.port))
    hangs.set()
    config_server.kill()
    assert port() == a.port
    before, lost_with = len(asked), len(given)
    eventually(lambda: len(given) >= lost_with + 3)
    assert port() == a.port
    assert len(asked) <= before + 1
    # The answer is used when it comes at last.
    goes_on.set()
    config_server.restart()
    config_server.client.execute_command("ACL", "SETUSER", "app", "on", "~*", "+@all", ">token")
    config_server.client.set(KEY, b.config())
    eventually(lambda: is_at(port, b.port))


def test_r10_a_lost_config_server_keeps_no_processor_busy(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    port = port_of(components(response_timeout=0.5, connect_timeout=0.5), wait=300)
    eventually(lambda: is_at(port, a.port))
    config_server.kill()
    a.kill()
    # The first finds that the server is gone, and the second reads, although the proof is young.
    for _ in range(2):
        with pytest.raises(Exception, match=r"Connection|Error|refused|closed"):
            port()
    began = time.process_time()
    time.sleep(1)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("form", ["object", "list"])
def test_r10_a_config_server_has_the_time_that_the_settings_give(
    form: str, config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    where = config_server.config(socket_timeout=300, socket_connect_timeout=300)
    where = f"[{where}]" if form == "list" else where
    made = components(config_servers=where, response_timeout=0.3, connect_timeout=0.3)
    port = port_of(made, wait=0)
    eventually(lambda: is_at(port, a.port))
    config_server.freeze()
    assert port() == a.port
    # The thread that reads has given up too, so that it is free for a server that is back.
    eventually(lambda: made._process is not None and made._process._server._client is None)


def test_r10_a_config_server_never_has_longer_than_half_a_second(
    config_server: Server, server: Start, components: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components(response_timeout=300)
    monkeypatch.setattr(_settings, "_CONFIG_SERVER_ANSWERS_WITHIN", 0.5)
    port = port_of(made, wait=0)
    eventually(lambda: is_at(port, a.port))
    config_server.freeze()
    began = time.monotonic()
    assert port() == a.port
    assert time.monotonic() - began < 5


def test_r5_status_says_that_the_config_server_is_lost(
    config_server: Server, server: Start, components: Make, caplog: pytest.LogCaptureFixture
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components(response_timeout=0.3, connect_timeout=0.3)
    port = port_of(made, wait=0)
    eventually(lambda: is_at(port, a.port) and made.status()[0].problem is None)
    with caplog.at_level(logging.INFO, "redis_components"):
        # Its caller gives up before the connection does.
        config_server.freeze()
        assert port() == a.port
        problem = str(made.status()[0].problem)
        assert f"127.0.0.1:{config_server.port}" in problem
        assert "config server is lost" in caplog.text
        config_server.thaw()
        eventually(lambda: port() == a.port and made.status()[0].problem is None)
    assert "config server is back" in caplog.text


LACKS = {"password": {"provider": "nobody"}}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ([{"password": "wrong"}], ErrorKind.CONFIG_SERVER_REFUSED),
        ([{"password": {"file": "/none"}}], ErrorKind.REFERENCE_UNAVAILABLE),
        ([LACKS], ErrorKind.SETTINGS),
        ([{"ssl": True, "ssl_cert_reqs": "none"}], ErrorKind.FORBIDDEN_BY_POLICY),
        # What one of several lacks says nothing of the others.
        (
            [{"password": {"provider": "nobody"}}, {"password": "wrong"}],
            ErrorKind.CONFIG_SERVER_REFUSED,
        ),
        (
            [{"password": {"provider": "nobody"}}, {"port": 1}],
            ErrorKind.CONFIG_SERVER_UNREACHABLE,
        ),
    ],
)
def test_r5_a_config_server_that_cannot_be_asked_says_why_by_its_kind(
    more: list[dict[str, Any]], kind: ErrorKind, server: Start, components: Make
) -> None:
    locked = server("--requirepass", "S3cretZ")
    place = {"host": "127.0.0.1", "port": locked.port}
    servers = [{**place, **fields} for fields in more]
    made = components(config_servers=json.dumps(servers))
    with pytest.raises(ComponentError) as failed:
        port_of(made)()
    assert failed.value.kind is kind, failed.value


def test_r10_each_call_raises_an_error_of_its_own(components: Make) -> None:
    port = port_of(components(), wait=60)
    errors = []
    for _ in range(20):
        with pytest.raises(ComponentError) as missing:
            port()
        assert missing.value.kind is ErrorKind.CONFIG_MISSING
        errors.append(missing.value)
    assert len(set(map(id, errors))) == len(errors)
    lengths = []
    for error in errors:
        entry, length = error.__traceback__, 0
        while entry is not None:
            entry, length = entry.tb_next, length + 1
        lengths.append(length)
    assert max(lengths) == min(lengths[1:]), lengths


@pytest.mark.parametrize("is_replica", [False, True])
def test_r1_the_call_after_one_that_failed_reads_the_config(
    is_replica: bool, config_server: Server, server: Start, components: Make
) -> None:
    a, b = server(), server()
    # Nothing else has the config read.
    made = components(reread_interval=600)

    @made.redis_connection("logs", wait=600)
    def write(conn: Any) -> int:
        conn.set("key", "value")
        return int(conn.config_get("port")["port"])

    @made.redis_connection("logs", wait=600)
    async def write_in_task(conn: Any) -> int:
        await conn.set("key", "value")
        return int((await conn.config_get("port"))["port"])

    def leave(left: Server, other: Server) -> None:
        if is_replica:
            left.client.replicaof("127.0.0.1", 1)
        else:
            left.kill()
        config_server.client.set(KEY, other.config())

    failures = (redis.ConnectionError, redis.exceptions.ReadOnlyError)
    for call in (write, lambda: asyncio.run(write_in_task())):
        config_server.client.set(KEY, a.config())
        made.close(SOON)
        assert call() == a.port
        leave(a, b)
        with contextlib.suppress(*failures):
            call()
        assert call() == b.port
        if is_replica:
            a.client.replicaof("NO", "ONE")
        else:
            a.restart()


def test_r10_what_others_doubt_meanwhile_holds_up_no_call(
    config_server: Server,
    server: Start,
    components: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components(response_timeout=2)
    doubting = []

    @made.redis_connection("logs", wait=0)
    def port(conn) -> int:  # type: ignore[no-untyped-def]
        return int(conn.config_get("port")["port"])

    assert port() == a.port
    watched = made._slot("logs").watched
    answered = watched.answered

    def doubted_meanwhile(server: str, answer: object, sent: float) -> bool:
        told = answered(server, answer, sent)
        watched.doubt()
        doubting.append(told)
        return told

    monkeypatch.setattr(watched, "answered", doubted_meanwhile)
    with caplog.at_level(logging.INFO, "redis_components"):
        began = time.monotonic()
        assert [port() for _ in range(5)] == [a.port] * 5
        assert time.monotonic() - began < 2
    assert len(doubting) >= 5
    assert "lost" not in caplog.text
