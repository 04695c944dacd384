"""Pauses between attempts."""

from __future__ import annotations

import random
import time

_FIRST = 0.05
_LONGEST = 0.5


class Backoff:
    """Grows with every failure from 50 ms to half a second, less up to a quarter by chance."""

    def __init__(self) -> None:
        self._failures = 0
        self.until = 0.0

    def failed(self) -> None:
        pause = min(_FIRST * 2 ** min(self._failures, 8), _LONGEST)
        self._failures += 1
        # Not for secrets.
        self.until = time.monotonic() + pause * random.uniform(0.75, 1.0)  # noqa: S311

    def left(self) -> float:
        """Returns the seconds until the next attempt."""
        return max(self.until - time.monotonic(), 0.0)

    def is_over(self) -> bool:
        return time.monotonic() >= self.until
