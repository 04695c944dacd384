"""Two servers with the same data, of which one is a replica of the other."""

from __future__ import annotations

import json
import socket
from typing import Any, Callable

from servers import Server, eventually

KEY = "config:redis:logs"
CONTROL = "config:redis:@fleet"


class Pair:
    """Two servers, of which the first is the primary when it starts, and a config server."""

    def __init__(self, config_server: Server, start: Callable[..., Server]) -> None:
        self.config_server = config_server
        self.servers = [start("--repl-diskless-sync-delay", "0") for _ in range(2)]
        self.set(0)
        self.servers[1].client.replicaof("127.0.0.1", self.servers[0].port)
        self.is_in_step(0)

    def set(self, number: int) -> None:
        self.config_server.client.set(KEY, self.servers[number].config())

    def offer(self, number: int, name: str, **more: Any) -> None:
        config = json.loads(self.servers[number].config())
        self.control({"prepare": {"logs": {"id": name, "config": config, **more}}})

    def control(self, control: dict[str, Any]) -> None:
        self.config_server.client.set(CONTROL, json.dumps(control))

    def is_ready(self, name: str) -> None:
        eventually(lambda: self.receipt()[2:7:4] == ["ready", name])

    def receipt(self) -> list[str]:
        """Returns the words of the only receipt there is."""
        keys = list(self.config_server.client.scan_iter("redis-components:receipt:*"))
        found = self.config_server.client.hget(keys[0], "logs") if keys else None
        return (found or b"- - - - - - -").decode().split(" ", 6)

    def is_in_step(self, primary: int) -> None:
        """Waits until the other server follows this one."""
        client = self.servers[primary].client
        eventually(lambda: client.info("replication").get("slave0", {}).get("state") == "online")

    def fail_over_from(self, primary: int) -> None:
        """Makes the other server the primary: writes are held, and nothing is lost."""
        self._begin_fail_over(primary, lambda: is_primary(self.servers[1 - primary]))

    def step_down(self, primary: int) -> None:
        """Begins a fail-over, until this server takes no writes any more."""
        client = self.servers[primary].client
        state = "master_failover_state"
        self._begin_fail_over(
            primary, lambda: client.info("replication")[state] == "failover-in-progress"
        )

    def _begin_fail_over(self, primary: int, is_over: Callable[[], bool]) -> None:
        old, new = self.servers[primary], self.servers[1 - primary]
        with socket.create_connection(("127.0.0.1", new.port)) as acknowledging:

            def is_over_by_now() -> bool:
                # Otherwise the old one waits for the next acknowledgement, up to a second. This
                # has no answer.
                acknowledging.sendall(b"REPLCONF GETACK *\r\n")
                return is_over()

            old.client.execute_command("FAILOVER", "TIMEOUT", "10000")
            eventually(is_over_by_now)


def is_primary(server: Server) -> bool:
    return bool(server.client.info("replication")["role"] == "master")
