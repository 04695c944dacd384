from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

import pytest

from redis_components import Components, Settings, _settings
from servers import Server


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test."""
    started = []

    def start(*options: str) -> Server:
        started.append(Server(*options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def config_server(server: Callable[..., Server]) -> Server:
    return server()


@pytest.fixture
def components(
    config_server: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Components]]:
    """Makes components of the config server that are patient with a busy machine."""
    monkeypatch.setattr(_settings, "_CONFIG_SERVER_ANSWERS_WITHIN", 10.0)
    made = []

    def make(**settings: Any) -> Components:
        usual = {"connect_timeout": 10.0, "response_timeout": 10.0, "receipts": False}
        settings = {"config_servers": config_server.url, **usual, **settings}
        made.append(Components(Settings(**settings)))
        return made[-1]

    yield make
    for one in made:
        one.close(10)
