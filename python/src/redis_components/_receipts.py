"""What this process says about itself on the config server: its receipt."""

from __future__ import annotations

import datetime
import json
import logging
import os
import platform
import random
import socket
import time
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from ._config_server import ConfigServer
from ._control import Control
from ._server_words import meaning
from ._settings import Settings
from ._slot import Slot
from .config import digest
from .errors import ComponentError, ErrorKind

_LOG = logging.getLogger("redis_components")
_KEY_PREFIX = "redis-components:receipt:"
_FLEET = "redis-components:fleet"
_PROCESS = "@"
_NOTHING = "-"
_WORDS = {
    ErrorKind.CONFIG_MISSING: "there is no config",
    ErrorKind.CONFIG_INVALID: "it is no usable config",
    ErrorKind.REFERENCE_UNAVAILABLE: "what it refers to cannot be used for the moment",
    ErrorKind.CONFIG_SERVER_REFUSED: "the config may not be read",
    ErrorKind.SERVER_UNREACHABLE: "it does not answer",
    ErrorKind.SERVER_REFUSED: "it refuses the login",
    ErrorKind.FORBIDDEN_BY_POLICY: "the settings do not allow it",
}
# What comes right by itself. Anything else has to be changed first.
_STATES = {
    ErrorKind.SERVER_UNREACHABLE: "unreachable",
    ErrorKind.REFERENCE_UNAVAILABLE: "unreachable",
}


class Receipts:
    """Writes the receipt when something has changed, and renews it."""

    def __init__(self, settings: Settings, application: str, instance: str) -> None:
        self._settings = settings
        self._member = f"{application}:{instance}"
        self._about = {
            "v": 1,
            "application": application,
            "instance": instance,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": _now(),
            "runtime": _version(),
            "language": "python",
            "mode": "poll",
            "key_prefix": settings.key_prefix,
            "candidates": True,
        }
        self._written: dict[str, str] = {}
        self._renew_at = 0.0
        self._due_at: float | None = None
        self._is_off = not settings.receipts
        self._has_warned = False
        self._has_ended = False

    def write(self, server: ConfigServer, slots: Iterable[Slot], control: Control) -> float:
        """Writes what has changed, and everything when it is time. Returns when to come again."""
        if self._is_off:
            return time.monotonic() + self._settings.reread_interval
        about = {**self._about, "every": control.timing.every, "ttl": control.timing.ttl}
        fields = {slot.component: _text(slot, control.salt) for slot in slots}
        fields[_PROCESS] = json.dumps(about, separators=(",", ":"))
        now = time.monotonic()
        if fields != self._written and self._due_at is None:
            # Spreads the receipts of a large fleet after a change.
            self._due_at = now + random.uniform(0, control.timing.jitter)  # noqa: S311
        due = self._renew_at if self._due_at is None else min(self._due_at, self._renew_at)
        if now < due:
            return due
        self._send(server, fields, control)
        self._due_at = None
        spread = random.uniform(0.8, 1.2)  # noqa: S311
        self._renew_at = now + control.timing.every * spread
        return self._renew_at

    def end(self) -> None:
        """Says that nobody is interested any more in what cannot be written."""
        self._has_ended = True

    def remove(self, server: ConfigServer) -> None:
        """Removes the receipt: this process ends in order."""
        if not self._written:
            return
        key = _KEY_PREFIX + self._member

        def send(client: Any) -> list[object]:
            pipeline = client.pipeline(transaction=False)
            pipeline.delete(key)
            pipeline.zrem(_FLEET, self._member)
            answers: list[object] = pipeline.execute(raise_on_error=False)
            return answers

        try:
            server.command(send)
        except ComponentError as failed:
            _LOG.debug("the receipt is left to expire: %s", failed)

    def _send(self, server: ConfigServer, fields: dict[str, str], control: Control) -> None:
        key = _KEY_PREFIX + self._member

        def send(client: Any) -> list[object]:
            pipeline = client.pipeline(transaction=False)
            pipeline.hset(key, mapping=fields)
            pipeline.expire(key, control.timing.ttl)
            pipeline.zadd(_FLEET, {self._member: int(time.time())})
            answers: list[object] = pipeline.execute(raise_on_error=False)
            return answers

        try:
            answers = server.command(send)
        except ComponentError as failed:
            answers = [failed]
        wrong = [answer for answer in answers if isinstance(answer, Exception)]
        if not wrong:
            self._written = fields
        if not wrong or self._has_ended:
            return
        shown = meaning(wrong[0])
        if shown.startswith("NOPERM"):
            self._is_off = True
            _LOG.warning("receipts are off: the config server does not allow them: %s", shown)
        elif not self._has_warned:
            self._has_warned = True
            _LOG.warning("the receipt could not be written, and is tried again: %s", shown)


def _text(slot: Slot, salt: str) -> str:
    """Returns `<applied> <seen> <state> <generation> <since> <old connections> <reason>`."""
    target, published = slot.watched.target, slot.published
    is_usable = target.config is not None and target.problem is None
    seen = digest(target.config, salt) if target.config and is_usable else _NOTHING
    state, reason = _state(slot)
    if published is None:
        applied, generation, since = _NOTHING, 0, 0
    else:
        is_off = published.config.disabled
        applied = _NOTHING if is_off else digest(published.config, salt)
        generation, since = published.generation, published.since
    old = slot.old_connections()
    return f"{applied} {seen} {state} {generation} {since} {old} {reason}"


def _state(slot: Slot) -> tuple[str, str]:
    target, published, failed = slot.watched.target, slot.published, slot.failed
    if target.problem is not None:
        is_missing = target.problem.kind is ErrorKind.CONFIG_MISSING
        return "trying" if is_missing else "refused", _reason(target.problem)
    if target.config is None:
        return "trying", _NOTHING
    # A config in force fails too, if a secret to which it refers has changed and is refused.
    if failed is not None and failed.config == target.config:
        return _of_failure(failed.reason)
    if published is None or published.config != target.config:
        return "trying", _NOTHING
    if target.config.disabled:
        return "disabled", _NOTHING
    return _of_candidate(slot)


def _of_candidate(slot: Slot) -> tuple[str, str]:
    """Returns how a component stands that runs its newest config."""
    standing = slot.prepared.standing()
    if standing is None:
        return "ok", _NOTHING
    name = standing.offer.id
    if standing.failed is not None:
        state, reason = _of_failure(standing.failed)
        return "ok", f"candidate {name} {state} {reason}"
    return ("ready", name) if standing.is_ready else ("ok", f"candidate {name} trying")


def _of_failure(error: ComponentError) -> tuple[str, str]:
    return _STATES.get(error.kind, "refused"), _reason(error)


def _reason(error: ComponentError) -> str:
    return f"{error.kind.name.lower()} {_WORDS.get(error.kind, '')}".strip()


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _version() -> str:
    try:
        own = metadata.version("redis-components")
    except metadata.PackageNotFoundError:
        own = "unknown"
    return f"{own} (Python {platform.python_version()})"
