"""What the operator tells the whole fleet, under the key `@fleet`."""

from __future__ import annotations

import dataclasses
import logging
import time
from typing import Callable, TypeVar

from . import _canary, _offer, _timing
from ._canary import Canary
from ._offer import Offer
from ._settings import Settings
from ._target import READ_LIMIT
from ._text import printable
from ._timing import Timing
from .config import json_text
from .config.model import ComponentConfig
from .errors import ConfigInvalidError

T = TypeVar("T")

# How often the key is read while there is a candidate, in seconds.
_READ_EVERY = 1.0
# The longest salt, in bytes.
_LONGEST_SALT = 256
_LOG = logging.getLogger("redis_components")


@dataclasses.dataclass
class _Said:
    """What the control key says. Each part of it may be missing."""

    salt: str = ""
    timing: Timing = dataclasses.field(default_factory=Timing)
    canaries: dict[str, Canary] = dataclasses.field(default_factory=dict)
    candidates: dict[str, Offer] = dataclasses.field(default_factory=dict)


class Control:
    """The control key. It is read on the watch's thread, and calls look at the candidates."""

    def __init__(self, settings: Settings, instance: str) -> None:
        self.key = f"{settings.key_prefix}@fleet"
        # When the read was sent that says so, by the monotonic clock.
        self.proof = -1e9
        self._instance = instance
        self._interval = settings.reread_interval
        self._text = b""
        self._said = _Said()

    @property
    def salt(self) -> str:
        return self._said.salt

    @property
    def timing(self) -> Timing:
        return self._said.timing

    def canary(self, component: str) -> ComponentConfig | None:
        """Returns the config that this process runs in the place of the component's own."""
        canary = self._said.canaries.get(component)
        return canary.config if canary is not None and canary.is_for(self._instance) else None

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
        # A process that may not read the key is no worse off than one without a key.
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
        """Returns the parts that are understood. Services in other languages leave out the same."""
        said = _Said()
        said.salt = self._part(given, "salt", _salt, said.salt)
        said.timing = self._part(given, "receipts", _timing.read, said.timing)
        said.canaries = self._each(given, "canary", _canary.read)
        said.candidates = self._each(given, "prepare", _offer.read)
        return said

    def _part(
        self, given: dict[str, object], name: str, read: Callable[[object], T], usual: T
    ) -> T:
        value = given.get(name)
        return usual if value is None else self._read(name, value, read, usual)

    def _read(self, name: str, value: object, read: Callable[[object], T], usual: T) -> T:
        try:
            return read(value)
        except ConfigInvalidError as wrong:
            _LOG.warning("`%s` under `%s` is left out: %s", name, self.key, wrong)
            return usual

    def _each(
        self, given: dict[str, object], name: str, read: Callable[[object], T]
    ) -> dict[str, T]:
        """Reads a part that says something of each component."""
        understood: dict[str, T] = {}
        nothing: dict[str, object] = {}
        for component, value in self._part(given, name, _object, nothing).items():
            one: T | None = self._read(f"{name}.{printable(component)}", value, read, None)
            if one is not None:
                understood[component] = one
        return understood


def _salt(value: object) -> str:
    if not isinstance(value, str):
        raise ConfigInvalidError("it is no string")
    if len(value.encode()) > _LONGEST_SALT:
        raise ConfigInvalidError(f"it is longer than {_LONGEST_SALT} bytes")
    return value


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ConfigInvalidError("it is no object of components")
    return value
