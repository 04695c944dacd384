"""Servers that repeat the password that they were sent."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import socketserver
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Callable

import pytest
import redis

from redis_components import ComponentError, Components
from redis_components._server_words import cause_of, meaning, without
from servers import Server
from test_calls import KEY

SECRET = "Emberiza-5kQ2"
SPELLINGS = [
    SECRET,
    SECRET.upper(),
    SECRET.encode().hex(),
    base64.b64encode(SECRET.encode()).decode(),
    "".join(f"%{byte:02X}" for byte in SECRET.encode()),
]
Make = Callable[..., Components]
Start = Callable[[tuple[str, ...], str], int]


@pytest.fixture
def repeater() -> Iterator[Start]:
    """Starts servers that answer commands with one of the words by `reply`, and others by `+OK`."""
    started = []

    def start(words: tuple[str, ...], reply: str) -> int:
        class Answers(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                # Who is answered so hangs up at any time.
                with contextlib.suppress(OSError):
                    while received := self.request.recv(65536).decode():
                        for command in filter(None, received.split("\r\n*")):
                            is_meant = any(word in command for word in words)
                            self.request.sendall(f"{reply if is_meant else '+OK'}\r\n".encode())

        # When it is closed it waits until all who are answered have hung up.
        class Listener(socketserver.ThreadingTCPServer):
            pass

        listener = Listener(("127.0.0.1", 0), Answers)
        threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
        started.append(listener)
        return int(listener.server_address[1])

    yield start
    for one in started:
        one.shutdown()
        one.server_close()


def _does_not_say(said: str) -> None:
    for spelling in SPELLINGS:
        assert spelling not in said, spelling


@pytest.mark.parametrize("said", SPELLINGS)
@pytest.mark.parametrize("code", ["WRONGPASS invalid", "ERR no", "NOPERM no", "LOADING no", ""])
def test_r8_no_server_is_quoted_that_repeats_the_password(
    said: str,
    code: str,
    repeater: Start,
    config_server: Server,
    components: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "redis_components")
    reply = f"-{code} {said}".replace("- ", "-")
    for words in (("AUTH",), ("PING", "HELLO"), ("CLIENT", "PING")):
        config = {"host": "127.0.0.1", "port": repeater(words, reply), "password": SECRET}
        config_server.client.set(KEY, json.dumps(config))
        _says_nothing(components())
        sentinel = {
            "sentinels": [f"127.0.0.1:{repeater(words, reply)}"],
            "service_name": "main",
            "sentinel_password": SECRET,
        }
        config_server.client.set(KEY, json.dumps(sentinel))
        _says_nothing(components())
    for words in (("AUTH",), ("GETRANGE",), ("HELLO", "PING")):
        url = f"redis://:{SECRET}@127.0.0.1:{repeater(words, reply)}"
        _says_nothing(components(config_servers=url, receipts=True))
    _does_not_say(caplog.text)


@pytest.mark.parametrize("said", [*SPELLINGS, "1\r\n*" * 3000 + "1"])
@pytest.mark.parametrize("kind", [":", "$", "*", "+*", "?"])
def test_r8_what_is_no_answer_is_not_quoted_and_ends_every_call(
    said: str,
    kind: str,
    repeater: Start,
    config_server: Server,
    components: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "redis_components")
    short = {"connect_timeout": 1.0, "response_timeout": 1.0}
    for words in (("AUTH", "PING"), ("HELLO", "PING"), ("CLIENT", "PING")):
        config = {"host": "127.0.0.1", "port": repeater(words, kind + said), "password": SECRET}
        config_server.client.set(KEY, json.dumps(config))
        _says_nothing(components(**short))
    url = f"redis://:{SECRET}@127.0.0.1:{repeater(('GETRANGE',), kind + said)}"
    made = components(config_servers=url, receipts=True, **short)
    began = time.monotonic()
    _says_nothing(made)
    _says_nothing(made)
    assert time.monotonic() - began < 30
    _does_not_say(caplog.text)


def _says_nothing(made: Components) -> None:
    """Calls, and looks for the password in all that is said of it."""

    @made.redis_connection("logs")
    def nothing(conn: redis.Redis) -> None:
        assert conn is not None

    try:
        nothing()
    except ComponentError as failed:
        _does_not_say("".join(traceback.format_exception(None, failed, failed.__traceback__)))
    _does_not_say(str(made.status()))


def test_r8_a_host_that_is_the_password_is_not_shown() -> None:
    said = f"Error -2 connecting to {SECRET.lower()}:6379."
    assert "password" in without(said, [SECRET])
    assert "password" in without(f"connecting to {SECRET.encode().hex()}:1", [None, SECRET])
    assert without(said, [None, "short", "another-password"]) == said


def test_r8_what_a_node_of_a_cluster_says_is_not_shown() -> None:
    def raised(inner: Exception | None) -> redis.exceptions.RedisClusterException:
        text = f"Redis Cluster cannot be connected. Reachable node: {SECRET}"
        try:
            raise redis.exceptions.RedisClusterException(text) from inner
        except redis.exceptions.RedisClusterException as failed:
            return failed

    answered = redis.exceptions.AuthenticationError(f"WRONGPASS {SECRET}")
    for inner in (None, answered, redis.exceptions.ResponseError(SECRET)):
        failed = raised(inner)
        assert SECRET not in meaning(failed)
        assert cause_of(failed) is None
    assert "refuses the login" in meaning(raised(answered))
