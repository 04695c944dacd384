"""What becomes of subscriptions when their component moves."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable

from redis_components import Components
from servers import SOON, Server, eventually

KEY = "config:redis:news"
PACKAGE = Path(__file__).parents[1]


def heard_by(server: Server, message: str) -> int:
    return int(server.client.publish("headlines", message))


def test_a_subscription_stays_on_the_server_that_was_left_and_hears_no_other(
    config_server: Server, server: Callable[..., Server], components: Callable[..., Components]
) -> None:
    old, new = server(), server()
    config_server.client.set(KEY, old.config())
    made = components()

    @made.redis_connection("news", wait=0)
    def name(conn: Any) -> str:
        return str(conn.client_getname())

    @made.redis_connection("news", wait=0)
    def hear(conn: Any) -> Any:
        with conn.pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe("headlines")
            eventually(lambda: heard_by(old, "before"))
            config_server.client.set(KEY, new.config())
            name()
            assert made.status()[0].server == f"127.0.0.1:{new.port}"
            assert made.status()[0].old_connections == 1
            assert heard_by(new, "missed") == 0
            assert heard_by(old, "on the old server") == 1
            heard: list[bytes] = []
            while not heard or heard[-1] != b"on the old server":
                message = subscription.get_message(timeout=10)
                if message is not None:
                    heard.append(message["data"])
            return heard

    heard = hear()
    assert b"missed" not in heard
    eventually(lambda: made.status()[0].old_connections == 0)
    assert heard_by(old, "after the call") == 0


def test_the_loop_of_the_readme_follows_its_component(
    config_server: Server, server: Callable[..., Server]
) -> None:
    page = (PACKAGE / "README.md").read_text("utf-8")
    (loop,) = (
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "pubsub" in block
    )
    old, new = server(), server()
    config_server.client.set(KEY, old.config())
    patient = "Settings(reread_interval=0.1, connect_timeout=10, response_timeout=10)"
    configured = f"from redis_components import Settings, configure\nconfigure({patient})\n"
    environment = {
        **os.environ,
        "REDIS_CONFIG_URL": config_server.url,
        "PYTHONPATH": str(PACKAGE / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", configured + loop],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as listener:
        told: list[str] = []
        reading = threading.Thread(target=read, args=(listener, told), daemon=True)
        reading.start()
        try:
            for number, place in enumerate([old, new, old]):
                config_server.client.set(KEY, place.config())
                eventually(functools.partial(is_told, place, f"headline {number}", told))
        finally:
            listener.kill()
            # Its output is closed next, and nobody may read it then.
            reading.join(SOON)


def read(listener: subprocess.Popen[str], told: list[str]) -> None:
    assert listener.stdout is not None
    for line in listener.stdout:
        told.append(line.rstrip())


def is_told(place: Server, headline: str, told: list[str]) -> bool:
    heard_by(place, headline)
    return headline in told
