"""A config that the operator offers before it comes into force: a candidate."""

from __future__ import annotations

import calendar
import dataclasses
import math
import re
import time

from . import _refusal
from .config import fields
from .config.model import ComponentConfig
from .config.number import is_number
from .errors import ConfigInvalidError

_ID = re.compile(r"[!-~]{1,64}")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d*)?(?:Z|\+00:00)?", re.ASCII)
# From here on a number of seconds is no time in other languages.
_TOO_MANY = 2.0**63


@dataclasses.dataclass(frozen=True)
class Offer:
    """A candidate, as the control key gives it."""

    id: str
    config: ComponentConfig
    # In seconds since 1970.
    until: float
    # The refusals after which a command goes to the candidate.
    takes: frozenset[str]
    # Those after which a command waits until the candidate is in force: it lacks data until then.
    holds: frozenset[str] = frozenset()
    # The run of its server that has the data, if only that one may take commands. One that has been
    # started again has forgotten that it was a replica.
    run_id: str | None = None

    def is_over(self) -> bool:
        return self.until <= time.time()

    def has_same_data(self) -> bool:
        """Returns `True` if it has the data of the server in force when it comes into force."""
        return bool(self.takes or self.holds)


def read(given: object) -> Offer:
    """Reads a candidate, or raises an error that does not show what stands there."""
    if not isinstance(given, dict) or not isinstance(given.get("config"), dict):
        raise ConfigInvalidError("it is no object with `id` and `config`")
    name = given.get("id")
    # Receipts say "no candidate" with `-`.
    if not isinstance(name, str) or _ID.fullmatch(name) is None or name == "-":
        raise ConfigInvalidError(
            "`id` is not 1 to 64 letters, digits and signs of ASCII, or it is `-`"
        )
    config = fields.read(given["config"])
    if config.disabled:
        raise ConfigInvalidError("its config is switched off")
    takes, holds = _codes(given, "on"), _codes(given, "hold")
    if takes is None:
        takes = frozenset([_refusal.READ_ONLY] if holds is None else [])
    run_id = given.get("run_id")
    if run_id is not None and not isinstance(run_id, str):
        raise ConfigInvalidError("`run_id` is no text")
    until = _until(given.get("until"))
    return Offer(name, config, until, takes, holds or frozenset(), run_id)


def _codes(given: dict[str, object], field: str) -> frozenset[str] | None:
    codes = given.get(field)
    if codes is None:
        return None
    if not isinstance(codes, list) or not all(map(_refusal.CODES.__contains__, codes)):
        raise ConfigInvalidError(
            f"`{field}` names another code than {_refusal.READ_ONLY} and {_refusal.NO_REPLICAS}"
        )
    return frozenset(codes)


def _until(given: object) -> float:
    if given is None:
        return math.inf
    if isinstance(given, str):
        found = _TIME.fullmatch(given)
        if found is not None:
            year, month, day, hour, minute, second = map(int, found.groups()[:6])
            if year >= 1970 and 1 <= month <= 12 and hour < 24 and minute < 60 and second <= 60:
                last_day = calendar.monthrange(year, month)[1]
                if 1 <= day <= last_day:
                    # Leap seconds are counted nowhere.
                    second = min(second, 59)
                    seconds = calendar.timegm((year, month, day, hour, minute, second))
                    return seconds + float(f"0{found[7] or ''}")
    elif isinstance(given, (int, float)) and is_number(given) and 0 <= given < _TOO_MANY:
        return float(given)
    raise ConfigInvalidError("`until` is no time as in RFC 3339, for example 2026-01-31T12:00:00Z")
