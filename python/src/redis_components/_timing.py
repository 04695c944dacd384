"""How often a receipt is written."""

from __future__ import annotations

import dataclasses

from .config.number import is_number
from .errors import ConfigInvalidError

# The longest time between two renewals, in seconds.
_LONGEST = 3_600
# The longest delay of a change, in seconds.
_LONGEST_JITTER = 300


@dataclasses.dataclass(frozen=True)
class Timing:
    """How often a receipt is written, in seconds."""

    # The time between two renewals, give or take a fifth.
    every: int = 10
    # The time without renewal after which a receipt expires.
    ttl: int = 35
    # The longest random delay of a change.
    jitter: float = 0.0


def read(given: object) -> Timing:
    """Reads how often a fleet writes its receipts, or raises an error that says what is wrong."""
    if not isinstance(given, dict):
        raise ConfigInvalidError("it is no object")
    usual = Timing()
    every, ttl = given.get("every", usual.every), given.get("ttl", usual.ttl)
    jitter = given.get("jitter", usual.jitter)
    if not (_is_whole(every) and _is_whole(ttl) and is_number(jitter)):
        raise ConfigInvalidError("`every`, `ttl` and `jitter` are numbers of seconds")
    if not (1 <= every <= _LONGEST and 0 <= jitter <= _LONGEST_JITTER):
        raise ConfigInvalidError(
            f"`every` is from 1 to {_LONGEST} seconds, `jitter` from 0 to {_LONGEST_JITTER}"
        )
    if not every + (every + 1) // 2 <= ttl <= 24 * _LONGEST:
        raise ConfigInvalidError(
            "`ttl` is at least one and a half times `every`, and at most a day"
        )
    return Timing(every, ttl, jitter)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
