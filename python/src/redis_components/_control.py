"""What the operator tells the whole fleet, under the key `@fleet`."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time

from ._candidate import Candidate
from ._config_server import ConfigServer
from ._settings import Settings
from .config import fields, json_text
from .errors import ConfigInvalidError


@dataclasses.dataclass
class Control:
    """What the control key says. Each part of it may be missing."""

    salt: str = ""
    every: int = 10
    ttl: int = 35
    jitter: float = 0.0
    candidates: dict[str, Candidate] = dataclasses.field(default_factory=dict)
    read_at: float = -1e9

    def refresh(self, server: ConfigServer, settings: Settings) -> None:
        """Reads the key, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self.read_at < settings.reread_interval:
            return
        (answer,) = server.read([f"{settings.key_prefix}@fleet"])
        self.read_at = now
        # Those who may not read the key are no worse off than where there is none.
        if isinstance(answer, bytes):
            self._take(answer)

    def _take(self, value: bytes) -> None:
        fresh = Control(read_at=self.read_at)
        if value:
            try:
                given = json_text.parse_object(value.decode())
            except (UnicodeDecodeError, ConfigInvalidError):
                # What was read before holds.
                return
            salt, receipts = given.get("salt"), given.get("receipts")
            prepare = given.get("prepare")
            if isinstance(prepare, dict):
                fresh.candidates = _candidates(prepare)
            if isinstance(salt, str):
                fresh.salt = salt
            if isinstance(receipts, dict):
                fresh.every = int(_number(receipts.get("every"), 1, 3600, fresh.every))
                fresh.ttl = int(_number(receipts.get("ttl"), 2, 86_400, fresh.ttl))
                fresh.jitter = _number(receipts.get("jitter"), 0, 600, fresh.jitter)
        self.salt, self.candidates = fresh.salt, fresh.candidates
        self.every, self.ttl, self.jitter = fresh.every, fresh.ttl, fresh.jitter


def _candidates(prepare: dict[str, object]) -> dict[str, Candidate]:
    candidates = {}
    for component, given in prepare.items():
        if not isinstance(given, dict) or not isinstance(given.get("config"), dict):
            continue
        name, until = given.get("id"), given.get("until", math.inf)
        if not isinstance(name, str) or not isinstance(until, (int, float)):
            continue
        with contextlib.suppress(ConfigInvalidError):
            config = fields.read(given["config"])
            if not config.disabled:
                candidates[component] = Candidate(name, config, until)
    return candidates


def _number(value: object, least: float, most: float, usual: float) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most:
        return value
    return usual
