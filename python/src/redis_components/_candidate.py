"""A config that is prepared: the operator is about to move the component to it."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from typing import Callable

from . import _attempt, _clients, _secrets
from ._backoff import Backoff
from ._settings import Settings
from .config.model import ComponentConfig
from .errors import ComponentError

_LOG = logging.getLogger("redis_components")


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A config that is prepared, as the control key gives it."""

    id: str
    config: ComponentConfig
    # In seconds since 1970.
    until: float


class Prepared:
    """Proves a candidate on a thread of its own, so that the receipt can say that it is ready."""

    def __init__(self, settings: Settings, name: str, changed: Callable[[], None]) -> None:
        self._settings = settings
        self._name = name
        self._changed = changed
        self._lock = threading.Lock()
        self._candidate: Candidate | None = None
        self._proven: Candidate | None = None
        self._runs = False
        self._retry = Backoff()

    def ready(self) -> str | None:
        """Returns the id of the candidate, if it has been proven."""
        candidate, proven = self._candidate, self._proven
        is_valid = candidate is not None and candidate.until > time.time()
        return candidate.id if candidate is not None and is_valid and candidate == proven else None

    def prepare(self, candidate: Candidate | None) -> None:
        """Takes the candidate that there is now, and proves it if that has not been done."""
        with self._lock:
            if candidate != self._candidate:
                self._candidate, self._retry = candidate, Backoff()
            is_old = candidate is None or candidate.until <= time.time()
            if candidate is None or is_old or candidate == self._proven:
                return
            if self._runs or not self._retry.is_over():
                return
            self._runs = True
        threading.Thread(
            target=self._prove, args=(candidate,), name="redis-components-candidate", daemon=True
        ).start()

    def _prove(self, candidate: Candidate) -> None:
        try:
            resolved = _secrets.resolve(candidate.config, self._settings)
            _, client = _attempt.prove(resolved, self._settings, self._name)
            _clients.close(client)
            self._proven = candidate
        except ComponentError as failed:
            _LOG.warning("candidate `%s` cannot be used: %s", candidate.id, failed)
            self._retry.failed()
        finally:
            self._runs = False
            self._changed()
