"""The connection to the config server."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, Callable

import redis.exceptions

from . import _attempt, _clients, _mode, _secrets
from ._aside import Aside
from ._server_words import cause_of, meaning
from ._settings import Settings
from ._target import READ_LIMIT
from .config.model import ComponentConfig, Sentinels
from .errors import ComponentError, ErrorKind

# What is wrong in this process, as services in other languages tell it.
_KINDS = {
    ErrorKind.FORBIDDEN_BY_POLICY: ErrorKind.FORBIDDEN_BY_POLICY,
    ErrorKind.REFERENCE_UNAVAILABLE: ErrorKind.REFERENCE_UNAVAILABLE,
    ErrorKind.CONFIG_INVALID: ErrorKind.SETTINGS,
}
# How many keys are asked for to find a node of a cluster. One that has half of the slots has all of
# these keys once in 65,536 times.
_SAMPLES = 16
_REDIRECTIONS = (redis.exceptions.MovedError, redis.exceptions.AskError)
_NODE = (
    "it is a node of a cluster, and has the configs of some components only; name a server that is "
    "in no cluster, or sentinels that know one"
)


class ConfigServer:
    """The first of several servers that gives configs. It is used by one thread."""

    def __init__(
        self, servers: Sequence[ComponentConfig], settings: Settings, name: str, control_key: str
    ) -> None:
        # One bound holds for all of them, so that no call waits for longer.
        self._servers = [
            dataclasses.replace(server, socket_timeout=None, socket_connect_timeout=None)
            for server in servers
        ]
        self._settings = settings.for_config_server()
        self._name = name
        # It is read beside configs, and says nothing about them.
        self._control_key = control_key
        self._client: Any = None
        self._keys: Sequence[str] = ()
        self._asking = Aside("redis-components-servers")
        self.address = str(servers[0].endpoint)

    def read(self, keys: Sequence[str]) -> list[object]:
        """Returns the values of all keys, or errors of single ones, in one round trip.

        GETRANGE bounds what is sent. A key that does not exist reads as empty.
        """
        self._keys = keys
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
        except Exception as failed:
            # What answers may be anything, and parsers fail in many ways.
            self.close()
            raise ComponentError(
                ErrorKind.CONFIG_SERVER_UNREACHABLE,
                f"the config server {self.address} gives no config: {meaning(failed)}",
            ) from cause_of(failed)

    def follow_sentinels(self) -> None:
        """Has sentinels asked for the primary. They may be silent, and nobody waits for them."""
        if self._client is not None and _clients.has_sentinels(self._client):
            self._asking.begin(functools.partial(_clients.follow_sentinels, self._client))

    def join(self, deadline: float) -> None:
        """Waits for what asks sentinels, until then at most."""
        self._asking.join(deadline)

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
                _, client = _attempt.prove(
                    resolved, self._settings, self._name, needs_all_slots=False
                )
                self._client = client
                self._demand_reads(server)
            except ComponentError as failed:
                self.close()
                failures.append(failed)
            else:
                self.address = str(server.endpoint)
                return
        raise ComponentError(
            _kind_of({failed.kind for failed in failures}),
            "no config server gives a config: " + "; ".join(map(str, failures)),
        )

    def _demand_reads(self, server: ComponentConfig) -> None:
        """Lets the next server have its turn if this one refuses all reads, or has some keys only.

        If it is the only one, what it says of a key is told of that key.
        """
        keys: list[str] = []
        if len(self._servers) > 1:
            keys = [key for key in self._keys if key != self._control_key]
        elif isinstance(server.endpoint, Sentinels) or not _mode.is_of_cluster(self._client):
            return
        # No component has them. A node of a cluster refuses most of them, whatever keys it has.
        samples = [f"{self._control_key}:{number}" for number in range(_SAMPLES)]
        address = str(server.endpoint)
        try:
            answers = _read([*keys, *samples], self._client)
        except Exception as failed:
            raise ComponentError(
                ErrorKind.SERVER_UNREACHABLE, f"{address}: {meaning(failed)}"
            ) from cause_of(failed)
        if any(isinstance(answer, _REDIRECTIONS) for answer in answers):
            raise ComponentError(ErrorKind.SERVER_REFUSED, f"{address}: {_NODE}")
        refusal = _refusal_of_all(answers[: len(keys)])
        if refusal is not None:
            raise ComponentError(
                ErrorKind.SERVER_REFUSED,
                f"{address}: it lets no config be read: {meaning(refusal)}",
            )


def _kind_of(kinds: set[ErrorKind]) -> ErrorKind:
    """Returns the kind of the error if no config server can be asked for these kinds of reasons."""
    if ErrorKind.SERVER_REFUSED in kinds:
        return ErrorKind.CONFIG_SERVER_REFUSED
    # What keeps the process from one of several says nothing of the others.
    (kind,) = kinds if len(kinds) == 1 else {ErrorKind.SERVER_UNREACHABLE}
    return _KINDS.get(kind, ErrorKind.CONFIG_SERVER_UNREACHABLE)


def _refusal_of_all(answers: Sequence[object]) -> Exception | None:
    """Returns why a server gives no config, unless it gives one or has none.

    A key of another type is about the key.
    """
    errors = [answer for answer in answers if isinstance(answer, Exception)]
    is_refused = len(errors) == len(answers)
    is_of_key = any(str(error).startswith("WRONGTYPE") for error in errors)
    return errors[0] if errors and is_refused and not is_of_key else None


def _read(keys: Sequence[str], client: Any) -> list[object]:
    pipeline = client.pipeline(transaction=False)
    for key in keys:
        pipeline.getrange(key, 0, READ_LIMIT)
    answers: list[object] = pipeline.execute(raise_on_error=False)
    return answers
