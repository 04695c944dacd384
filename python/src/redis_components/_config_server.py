"""The connection to the config server."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from typing import Any, Callable

import redis.exceptions

from . import _attempt, _clients, _secrets
from ._server_words import cause_of, meaning
from ._settings import Settings
from ._target import READ_LIMIT
from .config.model import ComponentConfig
from .errors import ComponentError, ErrorKind


class ConfigServer:
    """The first of several servers that answers. It is used by one thread."""

    def __init__(self, servers: Sequence[ComponentConfig], settings: Settings, name: str) -> None:
        self._servers = servers
        self._settings = settings
        self._name = name
        self._client: Any = None
        self.address = str(servers[0].endpoint)

    def read(self, keys: Sequence[str]) -> list[object]:
        """Returns the values of all keys, or errors of single ones, in one round trip.

        GETRANGE bounds what is sent. A key that does not exist reads as empty.
        """
        return self.command(functools.partial(_read, keys))

    def command(self, send: Callable[[Any], list[object]]) -> list[object]:
        """Sends to the server that is connected, or to the first that can be."""
        try:
            if self._client is None:
                self._connect()
            return send(self._client)
        except ComponentError:
            self.close()
            raise
        except (redis.exceptions.RedisError, OSError) as failed:
            self.close()
            raise ComponentError(
                ErrorKind.CONFIG_SERVER_UNREACHABLE,
                f"the config server {self.address} gives no config: {meaning(failed)}",
            ) from cause_of(failed)

    def follow_sentinels(self) -> None:
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            if self._client is not None:
                _clients.follow_sentinels(self._client)

    def close(self) -> None:
        """Closes the connection. The next read tries all servers from the first."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                _clients.close(client)

    def _connect(self) -> None:
        failures = []
        for server in self._servers:
            try:
                resolved = _secrets.resolve(server, self._settings)
                _, self._client = _attempt.prove(resolved, self._settings, self._name)
            except ComponentError as failed:
                failures.append(failed)
            else:
                self.address = str(server.endpoint)
                return
        is_refused = any(failed.kind is ErrorKind.SERVER_REFUSED for failed in failures)
        raise ComponentError(
            ErrorKind.CONFIG_SERVER_REFUSED if is_refused else ErrorKind.CONFIG_SERVER_UNREACHABLE,
            "no config server gives a config: " + "; ".join(map(str, failures)),
        )


def _read(keys: Sequence[str], client: Any) -> list[object]:
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.getrange(key, 0, READ_LIMIT)
    answers: list[object] = pipeline.execute(raise_on_error=False)
    return answers
