"""What the operator tells the whole fleet, under the key `@fleet`."""

from __future__ import annotations

import dataclasses
import logging
import time

from . import _offer
from ._offer import Offer
from ._settings import Settings
from ._target import READ_LIMIT
from ._text import printable
from .config import json_text
from .errors import ConfigInvalidError

# How often the key is read while there is a candidate, in seconds.
_READ_EVERY = 1.0
_LOG = logging.getLogger("redis_components")


@dataclasses.dataclass
class _Said:
    """What the control key says. Each part of it may be missing."""

    salt: str = ""
    every: int = 10
    ttl: int = 35
    jitter: float = 0.0
    candidates: dict[str, Offer] = dataclasses.field(default_factory=dict)


class Control:
    """The control key. It is read on the watch's thread, and calls look at the candidates."""

    def __init__(self, settings: Settings) -> None:
        self.key = f"{settings.key_prefix}@fleet"
        # When the read was sent that says so, by the monotonic clock.
        self.proof = -1e9
        self._interval = settings.reread_interval
        self._text = b""
        self._said = _Said()

    @property
    def salt(self) -> str:
        return self._said.salt

    @property
    def every(self) -> int:
        return self._said.every

    @property
    def ttl(self) -> int:
        return self._said.ttl

    @property
    def jitter(self) -> float:
        return self._said.jitter

    def candidate(self, component: str) -> Offer | None:
        """Returns the component's candidate, unless its time is over."""
        offer = self._said.candidates.get(component)
        return None if offer is None or offer.is_over() else offer

    def is_fresh(self) -> bool:
        """Returns `True` if what is known of candidates is as new as can be expected."""
        return time.monotonic() - self.proof <= 2 * _READ_EVERY

    def due_at(self) -> float:
        """Returns when the key is to be read again."""
        has_candidates = bool(self._said.candidates)
        return self.proof + (min(_READ_EVERY, self._interval) if has_candidates else self._interval)

    def answered(self, server: str, answer: object, sent: float) -> bool:
        """Takes the answer to a read. Returns `True` if it says something new."""
        self.proof = sent
        # Those who may not read the key are no worse off than where there is none.
        if not isinstance(answer, bytes) or answer == self._text:
            return False
        self._text = answer
        if len(answer) > READ_LIMIT:
            _LOG.warning("`%s` on %s is longer than %d bytes", self.key, server, READ_LIMIT)
            return False
        try:
            given = json_text.parse_object(answer.decode()) if answer else {}
        except (UnicodeDecodeError, ConfigInvalidError):
            # What was read before holds.
            _LOG.warning("`%s` on %s is no JSON object", self.key, server)
            return False
        self._said = self._understood(given)
        return True

    def _understood(self, given: dict[str, object]) -> _Said:
        said = _Said(candidates=self._candidates(given.get("prepare")))
        salt, receipts = given.get("salt"), given.get("receipts")
        if isinstance(salt, str):
            said.salt = salt
        if isinstance(receipts, dict):
            said.every = int(_number(receipts.get("every"), 1, 3600, said.every))
            said.ttl = int(_number(receipts.get("ttl"), 2, 86_400, said.ttl))
            said.jitter = _number(receipts.get("jitter"), 0, 600, said.jitter)
        return said

    def _candidates(self, prepare: object) -> dict[str, Offer]:
        candidates = {}
        for component, given in prepare.items() if isinstance(prepare, dict) else ():
            try:
                candidates[component] = _offer.read(given)
            except ConfigInvalidError as wrong:
                name = printable(component)
                _LOG.warning("`prepare.%s` under `%s` is left out: %s", name, self.key, wrong)
        return candidates


def _number(value: object, least: float, most: float, usual: float) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most:
        return value
    return usual
