"""R13: where a server is, is data. No server sends callers elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from redis_components import Components
from servers import Server
from test_calls import KEY

Make = Callable[..., Components]


@pytest.fixture
def pushing() -> Iterator[tuple[int, list[str]]]:
    """Starts a server that pushes to its clients that it moves to another host. Returns its port,
    and the commands that it gets."""
    asked: list[str] = []
    push = ">4\r\n$6\r\nMOVING\r\n:1\r\n:20\r\n$11\r\n127.0.0.2:1\r\n"

    class Answers(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # Who is answered so hangs up at any time.
            with contextlib.suppress(OSError):
                while words := self._words():
                    self.wfile.write(self._answer(words).encode())

        def _words(self) -> list[str]:
            head = self.rfile.readline()
            words = []
            for _ in range(int(head[1:] or 0)):
                self.rfile.readline()
                words.append(self.rfile.readline().strip().decode().upper())
            return words

        def _answer(self, words: list[str]) -> str:
            asked.append(" ".join(words))
            if words[0] == "HELLO":
                return "%1\r\n$5\r\nproto\r\n:3\r\n"
            return f"{push}+HERE\r\n" if words[0] == "ECHO" else "+OK\r\n"

    class Listener(socketserver.ThreadingTCPServer):
        pass

    listener = Listener(("127.0.0.1", 0), Answers)
    threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
    yield int(listener.server_address[1]), asked
    listener.shutdown()
    listener.server_close()


def test_r13_no_server_sends_callers_elsewhere(
    pushing: tuple[int, list[str]], config_server: Server, components: Make
) -> None:
    port, asked = pushing
    config_server.client.set(KEY, json.dumps({"host": "127.0.0.1", "port": port}))
    made = components()

    @made.redis_connection("logs")
    def heard(conn: Any) -> list[bytes]:
        return [conn.echo("here") for _ in range(5)]

    @made.redis_connection("logs")
    async def heard_in_task(conn: Any) -> list[bytes]:
        return [await conn.echo("here") for _ in range(5)]

    assert heard() == heard() == [b"HERE"] * 5
    assert asyncio.run(heard_in_task()) == [b"HERE"] * 5
    assert heard() == [b"HERE"] * 5
    assert [words for words in asked if "MAINT_NOTIFICATIONS" in words] == []
    # redis-py would keep the process from its end, for as long as the server says.
    assert [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)] == []
