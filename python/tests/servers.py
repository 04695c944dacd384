"""Real servers, for tests. Each is in a folder of its own, on a free port."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

import redis

# Ten times what a busy machine was seen to take.
SOON = 10.0


class Server:
    """A `redis-server`, which ends when it is stopped."""

    def __init__(self, *options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="redis-components-"))
        self._options = options
        for _ in range(20):
            self._reserved = Reserved()
            self.port = self._reserved.port
            if self._start():
                return
        raise AssertionError("no server starts")

    def _start(self) -> bool:
        command = [program(), "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        command += ["--dir", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *self._options], stdout=log, stderr=log)
        self.client: Any = redis.Redis(port=self.port, password=self._password())
        deadline = time.monotonic() + SOON
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                # Another server may have taken the port.
                if self.client.info("server")["process_id"] == self._process.pid:
                    return True
            except redis.ConnectionError:
                time.sleep(0.005)
        return False

    def _password(self) -> str | None:
        options = list(self._options)
        return options[options.index("--requirepass") + 1] if "--requirepass" in options else None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def config(self, **more: Any) -> str:
        return json.dumps({"host": "127.0.0.1", "port": self.port, **more})

    def calls(self, command: str) -> int:
        stats = self.client.info("commandstats").get(f"cmdstat_{command}")
        return 0 if stats is None else int(stats["calls"])

    def clients(self) -> list[str]:
        """Returns the names of its clients but this one."""
        own = self.client.client_id()
        return [one["name"] for one in self.client.client_list() if int(one["id"]) != own]

    def freeze(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.client.close()
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        assert self._start()

    def stop(self) -> None:
        if self._process.poll() is None:
            self.thaw()
        self.kill()
        self._reserved.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def program() -> str:
    return os.environ.get("REDISRS_SERVER_BIN", "redis-server")


class Reserved:
    """A port that no other process is given, on Linux. The server that asks for it can listen."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def release(self) -> None:
        self._socket.close()


def eventually(condition: Callable[[], object]) -> None:
    """Waits until the condition holds."""
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.005)
