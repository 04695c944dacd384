"""A candidate: a config that is made ready before it comes into force."""

from __future__ import annotations

import logging
import threading
from typing import Callable, NamedTuple

import redis.exceptions

from . import _attempt, _secrets
from ._aside import begun, join
from ._backoff import Backoff
from ._offer import Offer
from ._published import Published
from ._secrets import Resolved
from ._server_words import frames_of, meaning
from ._settings import Settings
from .config.model import ComponentConfig
from .errors import ComponentError, ErrorKind

# How often it is looked at whether the candidate can be used, in seconds.
_KEPT_WARM = 1.0
_LOG = logging.getLogger("redis_components")


class Standing(NamedTuple):
    """How a candidate stands."""

    offer: Offer
    is_ready: bool = False
    failed: ComponentError | None = None


class Prepared:
    """The candidate of a component, with clients that are kept ready while it is offered.

    A thread of its own connects, logs in and probes, so that nobody waits for that.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        in_force: Callable[[], Published | None],
        changed: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._name = name
        self._in_force = in_force
        self._changed = changed
        self._offered = threading.Condition()
        self._standing: Standing | None = None
        self._published: Published | None = None
        # Clients that have become the component's own.
        self._adopted: Published | None = None
        self._runs = False
        self._thread: threading.Thread | None = None
        self._has_ended = False

    def standing(self) -> Standing | None:
        """Returns how the candidate stands, if there is one."""
        standing = self._standing
        return None if standing is None or standing.offer.is_over() else standing

    def published(self) -> Published | None:
        """Returns the candidate's clients, once they have been proven."""
        standing, published = self.standing(), self._published
        if standing is None or published is None or published.is_retired():
            return None
        return published if published.config == standing.offer.config else None

    def moves_to(self, config: ComponentConfig) -> bool:
        """Returns `True` if the config is that of a candidate with the data of the server in
        force."""
        standing = self.standing()
        return (
            standing is not None
            and standing.offer.has_same_data()
            and standing.offer.config == config
        )

    def proven(self, config: ComponentConfig, resolved: Resolved) -> Published | None:
        """Returns the candidate's clients if they are those of the config, which comes into force.
        From now on they are the component's."""
        with self._offered:
            published = self._published
            if published is None or published.is_retired() or published.config != config:
                return None
            if published.resolved != resolved:
                return None
            self._adopted = published
            return published

    def prepare(self, offer: Offer | None) -> None:
        """Takes the candidate that there is now."""
        with self._offered:
            known = self._standing
            if offer == (None if known is None else known.offer):
                return
            self._standing = None if offer is None or self._has_ended else Standing(offer)
            self._offered.notify_all()
            if self._runs or self._standing is None:
                return
            self._thread = begun(self._run, "redis-components-candidate")
            self._runs = self._thread is not None
            if not self._runs:
                # It is offered again.
                self._standing = None

    def end(self) -> None:
        """Drops the candidate, and takes no other."""
        self._has_ended = True
        self.prepare(None)

    def join(self, deadline: float) -> None:
        join(self._thread, deadline)

    def _run(self) -> None:
        retry = Backoff()
        while True:
            with self._offered:
                standing = self._standing
                if standing is None or standing.offer.is_over():
                    self._runs, self._standing = False, None
                    self._drop()
                    break
            after = self._look(standing.offer)
            retry = Backoff() if after.failed is None else retry
            if after.failed is not None:
                retry.failed()
            with self._offered:
                before = self._standing
                if before is None or before.offer is not standing.offer:
                    continue
                self._standing = after
            if (after.is_ready, str(after.failed)) != (before.is_ready, str(before.failed)):
                _tell(after)
                self._changed()
            pause = _KEPT_WARM if after.failed is None else retry.left()
            with self._offered:
                # Another one may have been offered since.
                if self._standing is after:
                    self._offered.wait(pause)
        self._changed()

    def _look(self, offer: Offer) -> Standing:
        try:
            published, in_force = self._of(offer.config), self._in_force()
            is_ready = published is in_force or published.warm_up(in_force)
            return Standing(offer, is_ready=is_ready)
        except ComponentError as failed:
            return Standing(offer, failed=failed)
        except (redis.exceptions.RedisError, OSError) as failed:
            kind = ErrorKind.SERVER_UNREACHABLE
            reason = f"the server cannot be used: {meaning(failed)}"
            return Standing(offer, failed=ComponentError(kind, reason))
        except Exception as failed:
            _LOG.error("candidate `%s` cannot be tried: %s", offer.id, frames_of(failed))
            return Standing(
                offer,
                failed=ComponentError(ErrorKind.SERVER_UNREACHABLE, type(failed).__name__),
            )

    def _of(self, config: ComponentConfig) -> Published:
        """Returns proven clients of the config."""
        known = self._published
        if known is not None and known.config == config and not known.is_retired():
            is_same = _secrets.stamps_of(config) == known.resolved.stamps
            if is_same or known.resolved == _secrets.resolve(config, self._settings):
                return known
        elif known is not None:
            with self._offered:
                self._drop()
        resolved = _secrets.resolve(config, self._settings)
        options, client = _attempt.prove(resolved, self._settings, self._name)
        with self._offered:
            self._drop()
            self._published = Published(config, resolved, options, client)
            return self._published

    def _drop(self) -> None:
        published, self._published = self._published, None
        if published is not None and published is not self._adopted:
            published.retire()


def _tell(standing: Standing) -> None:
    name = standing.offer.id
    if standing.failed is not None:
        _LOG.warning("candidate `%s` cannot be used: %s", name, standing.failed)
    elif standing.is_ready:
        _LOG.info("candidate `%s` is ready: %s", name, standing.offer.config.endpoint)
