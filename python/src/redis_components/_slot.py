"""A component's place in this process: which config is in force, and which is tried."""

from __future__ import annotations

import functools
import logging
import threading
import time
from typing import Callable

from . import _attempt, _secrets
from ._aside import Aside, begun, join
from ._backoff import Backoff
from ._candidate import Prepared
from ._control import Control
from ._coverage import Coverage
from ._offer import Offer
from ._published import Published
from ._secrets import Resolved
from ._server_words import frames_of
from ._settings import Settings
from ._target import WatchedKey
from ._waiting import Event, Steps, Wait, happen, new_event
from ._watch import Watch
from .config.model import Cluster, ComponentConfig, Sentinels
from .errors import ComponentError, ErrorKind

# How often files are looked at, in seconds.
LOOK_EVERY = 1.0
_LOG = logging.getLogger("redis_components")


class Attempt:
    """A config that is tried on a thread of its own."""

    def __init__(self, config: ComponentConfig, is_first: bool) -> None:
        self.config = config
        self.is_first = is_first
        self.done: Event = new_event()


class Failed:
    """A config that could not be brought into force, and why."""

    def __init__(self, config: ComponentConfig) -> None:
        self.config = config
        self.retry = Backoff()
        self.reason = ComponentError(ErrorKind.SERVER_UNREACHABLE, "")


class Slot:
    """A component's place in this process."""

    def __init__(
        self,
        component: str,
        watched: WatchedKey,
        control: Control,
        watch: Watch,
        settings: Settings,
        name: str,
        changed: Callable[[], None],
    ) -> None:
        self.component = component
        self.watched = watched
        self.published: Published | None = None
        self.attempt: Attempt | None = None
        self.failed: Failed | None = None
        self._control = control
        self._watch = watch
        self._settings = settings
        self._read_timeout = settings.for_config_server().response_timeout
        self._name = name
        self._changed = changed
        self._lock = threading.Lock()
        self._ask_at = 0.0
        # Sentinels and nodes may be silent, and nobody waits for them.
        self._asking = Aside("redis-components-servers")
        self._coverage = Coverage(component)
        self._look_at = 0.0
        self._has_changed = False
        self._retired: list[Published] = []
        self._has_ended = False
        # That of the last attempt.
        self._thread: threading.Thread | None = None
        self.prepared = Prepared(settings, name, lambda: self.published, changed)

    def acquire(self, wait: float) -> Steps[Published | None]:
        """Returns what is in force for a call that begins now, or raises an error that says why
        there is nothing. Returns `None` if the slot was closed meanwhile."""
        try:
            return (yield from self._in_force(wait))
        except ComponentError:
            if self._has_ended:
                return None
            raise

    def _in_force(self, wait: float) -> Steps[Published]:
        yield from self._refresh(wait)
        target = self.watched.target
        if target.config is None:
            raise _again(target.problem) or self._no_config()
        published = self.published
        if published is None or published.config is not target.config:
            yield from self._bring_into_force(target.config)
        published = self.published
        if published is None:
            raise _again(self.problem()) or self._slow(target.config)
        if published.config.disabled:
            raise ComponentError(
                ErrorKind.DISABLED,
                f"it is switched off: the config under `{self.watched.key}` says "
                '`"disabled": true`',
                self.component,
            )
        return published

    def problem(self) -> ComponentError | None:
        """Returns why the newest config is not in force, or could not be read."""
        target, failed = self.watched.target, self.failed
        if target.problem is None and failed is not None and failed.config == target.config:
            return failed.reason
        return target.problem

    def uncovered(self) -> str | None:
        """Returns what the cluster in force lacks."""
        return self._coverage.lacking(self.published)

    def lost(self) -> ComponentError | None:
        """Returns why the config server gives no config, if it is lost."""
        return self._watch.lost

    def follow(self) -> None:
        """Tries the newest config, if it is not in force and its time has come."""
        config, published = self.watched.target.config, self.published
        if config is None or published is None:
            return
        if published.config != config or self._is_due(published):
            self._attempt(config)
        elif isinstance(config.endpoint, (Sentinels, Cluster)) and time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + self._settings.reread_interval
            is_cluster = isinstance(config.endpoint, Cluster)
            look = functools.partial(self._coverage.look, published)
            self._asking.begin(look if is_cluster else published.follow_sentinels)

    def may_change(self) -> bool:
        """Returns `True` if anything of the config in force stands elsewhere."""
        published = self.published
        return published is not None and _secrets.is_changeable(published.config)

    def old_connections(self) -> int:
        """Returns how many calls of earlier configs are in flight."""
        with self._lock:
            self._retired = [old for old in self._retired if old.users()]
            return sum(old.users() for old in self._retired)

    def offer(self) -> Offer | None:
        """Returns the candidate that the operator offers, whether it is ready or not."""
        return self._control.candidate(self.component)

    def look(self, seconds: float) -> Steps[bool]:
        """Reads the config and the candidates, unless the config server is lost. Returns `True` if
        they have been read since this began."""
        began = time.monotonic()
        event = self._watch.ask_anew((self.watched, self._control))
        if event is not None:
            yield Wait(event, seconds)
        return self.watched.target.proof >= began

    def knows_candidate(self) -> bool:
        """Returns `True` if there is a candidate, and its entry was there moments ago."""
        return self._control.is_fresh() and self.offer() is not None

    def successor(self) -> Steps[Published | None]:
        """Returns what is in force of the config that was read last."""
        config = self.watched.target.config
        if config is not None:
            yield from self._bring_into_force(config)
        published = self.published
        return None if published is None or published.config.disabled else published

    def close(self) -> None:
        """Closes clients once their calls have ended. What is tried does not come into force."""
        with self._lock:
            self._has_ended = True
            published, self.published = self.published, None
        self.prepared.end()
        if published is not None:
            published.retire()

    def join(self, deadline: float) -> None:
        """Waits for the threads of a slot that was closed, until then at most."""
        join(self._thread, deadline)
        self.prepared.join(deadline)
        self._asking.join(deadline)

    def _refresh(self, wait: float) -> Steps[None]:
        watched, began = self.watched, time.monotonic()
        oldest = watched.oldest_proof(began, wait)
        if wait > 0 and watched.target.proof >= oldest:
            return
        has_config = watched.target.config is not None
        bound = self._read_timeout
        if not has_config:
            bound += self._settings.connect_timeout
        if has_config and self._watch.lost is not None:
            # It is asked again meanwhile, and nobody waits for that.
            self._watch.ask(watched, wait)
            return
        while True:
            event = self._watch.ask(watched, wait)
            if event is None:
                return
            yield Wait(event, max(began + bound - time.monotonic(), 0.0))
            if not event.done():
                self._watch.overdue()
                return
            if watched.target.proof >= oldest or self._watch.lost is not None:
                return
            if time.monotonic() >= began + bound:
                return

    def _bring_into_force(self, config: ComponentConfig) -> Steps[None]:
        # The first attempt that is waited for may be one at the config before.
        for _ in range(2):
            published = self.published
            if published is not None and published.config == config:
                # The same object tells the next call at once that nothing has changed.
                published.config = config
                return
            attempt = self._attempt(config)
            if attempt is None or not (published is None or attempt.is_first):
                return
            yield Wait(attempt.done, self._patience(config))
            if attempt.config == config:
                return

    def _attempt(self, config: ComponentConfig) -> Attempt | None:
        """Returns the attempt that runs for the config, and begins one if it is time."""
        with self._lock:
            running = self.attempt
            if self._has_ended or running is not None:
                return running
            published = self.published
            is_in_force = published is not None and published.config == config
            if published is not None and is_in_force and not self._is_due(published):
                return None
            failed = self.failed
            is_first = failed is None or failed.config != config
            if failed is not None and not is_first and not failed.retry.is_over():
                return None
            attempt = self.attempt = Attempt(config, is_first)
            work = functools.partial(self._run, attempt)
            self._thread = begun(work, "redis-components-attempt")
            if self._thread is not None:
                return attempt
            self.attempt = None
        what = f"{config.endpoint} cannot be tried: no thread can be started"
        self._has_failed(config, ComponentError(ErrorKind.SERVER_UNREACHABLE, what))
        return None

    def _is_due(self, published: Published) -> bool:
        """Returns `True` if something that stands elsewhere is to be read again."""
        now = time.monotonic()
        if now >= published.resolved.until:
            return True
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._has_changed = _secrets.stamps_of(published.config) != published.resolved.stamps
        return self._has_changed

    def _run(self, attempt: Attempt) -> None:
        config = attempt.config
        try:
            resolved = _secrets.resolve(config, self._settings)
            published = self.published
            is_in_force = published is not None and published.config == config
            if published is not None and is_in_force and published.resolved == resolved:
                # What was written anew is what was there.
                published.resolved = resolved
                self.failed = None
                return
            self._publish(self.prepared.proven(config, resolved) or self._built(resolved))
        except Exception as error:
            self._has_failed(config, error)
        finally:
            with self._lock:
                self.attempt = None
                self._look_at = 0.0
            happen(attempt.done)
            self._changed()

    def _built(self, resolved: Resolved) -> Published:
        config = resolved.written
        if config.disabled:
            return Published(config, resolved)
        return Published(config, resolved, *_attempt.prove(resolved, self._settings, self._name))

    def _publish(self, new: Published) -> None:
        config = new.config
        is_moved_along = self.prepared.moves_to(config)
        with self._lock:
            has_ended, old = self._has_ended, self.published
            if not has_ended:
                new.come_into_force(old, is_moved_along)
                self.published = new
                self.failed = None
            if old is not None:
                self._retired.append(old)
        if has_ended:
            new.retire()
            return
        where = "switched off" if config.disabled else str(config.endpoint)
        _LOG.info("config in force: component `%s`: %s", self.component, where)
        if old is not None:
            old.retire()

    def _has_failed(self, config: ComponentConfig, error: Exception) -> None:
        if self._has_ended:
            return
        if not isinstance(error, ComponentError):
            _LOG.error("component `%s` cannot be tried: %s", self.component, frames_of(error))
            error = ComponentError(ErrorKind.SERVER_UNREACHABLE, type(error).__name__)
        with self._lock:
            failed = self.failed
            is_new = failed is None or failed.config != config
            if failed is None or is_new:
                failed = self.failed = Failed(config)
            failed.reason = ComponentError(error.kind, error.message, self.component)
            failed.retry.failed()
        if is_new:
            _LOG.warning("server cannot be used: %s", failed.reason)

    def _patience(self, config: ComponentConfig) -> float:
        """Returns how long a call waits for a new server: to connect, log in and be probed."""
        connect = config.socket_connect_timeout or self._settings.connect_timeout
        return connect + 2 * (config.socket_timeout or self._settings.response_timeout)

    def _no_config(self) -> ComponentError:
        lost = self._watch.lost
        kind = ErrorKind.CONFIG_SERVER_UNREACHABLE if lost is None else lost.kind
        reason = "the config server did not answer in time" if lost is None else lost.message
        return ComponentError(
            kind, f"`{self.watched.key}` could not be read: {reason}", self.component
        )

    def _slow(self, config: ComponentConfig) -> ComponentError:
        return ComponentError(
            ErrorKind.SERVER_UNREACHABLE,
            f"the server {config.endpoint} has not answered in time",
            self.component,
        )


def _again(error: ComponentError | None) -> ComponentError | None:
    """Returns the error for one more call: an error that is raised keeps where it was raised."""
    return None if error is None else ComponentError(error.kind, error.message, error.component)
