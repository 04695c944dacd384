"""What is known of the config under one key."""

from __future__ import annotations

import logging
import math
import time
from typing import Callable, NamedTuple, Protocol

from . import config as configs
from ._server_words import meaning
from .config.model import ComponentConfig
from .errors import ComponentError, ConfigInvalidError, ErrorKind

# A config may have this many bytes. One more is read.
READ_LIMIT = 64 * 1024
_LOG = logging.getLogger("redis_components")


class Key(Protocol):
    """A key on the config server that the watch reads."""

    key: str

    def answered(self, server: str, answer: object, sent: float) -> bool:
        """Takes the answer to a read. Returns `True` if it says something new."""


class Target(NamedTuple):
    """The last usable config of a key, and the problem since then."""

    config: ComponentConfig | None = None
    problem: ComponentError | None = None
    # When the read was sent that says so, by the monotonic clock.
    proof: float = -math.inf


class WatchedKey:
    """One key on the config server."""

    def __init__(
        self, component: str, key: str, canary: Callable[[str], ComponentConfig | None]
    ) -> None:
        self.component = component
        self.key = key
        self.target = Target()
        self.smallest_wait = math.inf
        # The config that this process runs in the place of the component's own.
        self._canary = canary
        self._own: ComponentConfig | None = None
        self._doubted = -math.inf

    def doubt(self) -> None:
        """Has the next call read the config: a call has failed as it fails when a server moves."""
        self._doubted = time.monotonic()

    def oldest_proof(self, began: float, wait: float) -> float:
        """Returns when the config must have been read at the earliest, for a call that begins now.
        What is doubted later is for later calls."""
        return max(began - wait, self._doubted)

    def answered(self, server: str, answer: object, sent: float) -> bool:
        """Takes the answer to a read. Returns `True` if it says something new."""
        before = self.target
        try:
            found = self._interpret(server, answer)
        except ComponentError as problem:
            self.target = before._replace(problem=problem, proof=sent)
            is_new = str(problem) != str(before.problem)
            if is_new:
                _LOG.warning("config cannot be used: %s", problem)
            return is_new
        self._own = found
        return self._take(found, sent)

    def retake(self) -> bool:
        """Takes the canary, or the component's own config again, if the control key says so.
        Returns `True` if something has changed."""
        own, target = self._own, self.target
        return own is not None and target.problem is None and self._take(own, target.proof)

    def _take(self, own: ComponentConfig, sent: float) -> bool:
        before = self.target
        # A component that is switched off stays switched off.
        canary = None if own.disabled else self._canary(self.component)
        found = own if canary is None else canary
        # The same object tells callers at once that nothing has changed.
        is_known = before.config == found
        self.target = Target(before.config if is_known else found, None, sent)
        return not is_known or before.problem is not None

    def _interpret(self, server: str, answer: object) -> ComponentConfig:
        if isinstance(answer, Exception):
            if str(answer).startswith("WRONGTYPE"):
                raise self._invalid(server, "the key holds no string; SET it to the config as JSON")
            raise self._problem(
                ErrorKind.CONFIG_SERVER_REFUSED,
                f"the config server {server} does not let `{self.key}` be read: {meaning(answer)}",
            )
        if not isinstance(answer, bytes) or not answer:
            raise self._problem(
                ErrorKind.CONFIG_MISSING,
                f"there is no config under `{self.key}` on the config server {server}; set it "
                f'with: SET {self.key} \'{{"host": "…", "port": …}}\'',
            )
        if len(answer) > READ_LIMIT:
            raise self._invalid(server, f"it is longer than {READ_LIMIT} bytes")
        try:
            return configs.from_json(answer.decode())
        except UnicodeDecodeError:
            raise self._invalid(server, "the value is not UTF-8") from None
        except ConfigInvalidError as wrong:
            raise self._invalid(server, str(wrong)) from None

    def _invalid(self, server: str, what: str) -> ComponentError:
        return self._problem(
            ErrorKind.CONFIG_INVALID,
            f"the config under `{self.key}` on the config server {server} is refused: {what}",
        )

    def _problem(self, kind: ErrorKind, message: str) -> ComponentError:
        return ComponentError(kind, message, self.component)
