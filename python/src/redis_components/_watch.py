"""The one thread of a process that reads configs."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterable
from typing import Callable

from ._aside import begun, join
from ._backoff import Backoff
from ._config_server import ConfigServer
from ._control import Control
from ._server_words import frames_of
from ._settings import Settings
from ._target import Key, WatchedKey
from ._waiting import Event, happen, new_event
from .errors import ComponentError, ErrorKind

_UNREACHABLE = ErrorKind.CONFIG_SERVER_UNREACHABLE
_LOG = logging.getLogger("redis_components")


class Read:
    """One round trip that reads some keys."""

    def __init__(self) -> None:
        self.keys: dict[Key, None] = {}
        self.done: Event = new_event()


class Watch:
    """Reads configs when calls ask for it, and all of them now and then.

    At most one read is in flight and one queued, whatever the number of callers. If the config
    server does not answer, it is lost: it is asked again with growing pauses, and callers that
    have a config go on without asking.
    """

    def __init__(
        self,
        server: ConfigServer,
        settings: Settings,
        control: Control,
        work: Callable[[ConfigServer | None], float],
        at_end: Callable[[ConfigServer], None],
    ) -> None:
        self._server = server
        self._settings = settings
        self._control = control
        # What else there is to do on this thread, with the config server unless it is lost. It
        # returns when to be called next.
        self._do_work = work
        self._at_end = at_end
        self._changed = threading.Condition()
        self._keys: dict[WatchedKey, None] = {}
        self._next = Read()
        self._in_flight: Read | None = None
        self._retry = Backoff()
        self._reread_at = 0.0
        self._work_at = 0.0
        self._ends = False
        self._thread: threading.Thread | None = None
        self.lost: ComponentError | None = None

    def ask(self, key: WatchedKey, wait: float) -> Event | None:
        """Returns the read that a caller has to wait for, or `None` if the server is lost, or is
        asked no more.

        With a `wait` of 0 it is one that has not been sent: one in flight may have passed the
        server before a SET did.
        """
        with self._changed:
            self._keys[key] = None
            key.smallest_wait = min(key.smallest_wait, wait)
            flying = self._in_flight
            if flying is not None and wait > 0 and key in flying.keys:
                return flying.done
            return self._ask((key,))

    def ask_anew(self, keys: Iterable[Key]) -> Event | None:
        """Returns a read of the keys that has not been sent, or `None` if the server is lost, or is
        asked no more."""
        with self._changed:
            return self._ask(keys)

    def overdue(self) -> None:
        """Says that a caller has waited for long enough, so that others need not."""
        what = f"the config server {self._server.address} did not answer in time"
        with self._changed:
            if self.lost is None:
                self._lose(ComponentError(_UNREACHABLE, what))

    def poke(self) -> None:
        """Has the thread look at what else there is to do."""
        with self._changed:
            self._work_at = 0.0
            self._changed.notify()

    def end(self) -> None:
        """Has the thread end. Nothing is read any more."""
        with self._changed:
            self._ends = True
            self._changed.notify()

    def join(self, deadline: float) -> None:
        join(self._thread, deadline)

    def _ask(self, keys: Iterable[Key]) -> Event | None:
        if self._ends or (self.lost is not None and not self._retry.is_over()):
            return None
        if self._thread is None:
            self._thread = begun(self._run, "redis-components")
            if self._thread is None:
                self._lose(ComponentError(_UNREACHABLE, "no thread can be started to ask it"))
                self._retry.failed()
                return None
        self._next.keys.update(dict.fromkeys(keys))
        self._changed.notify()
        return self._next.done

    def _run(self) -> None:
        while not self._ends:
            try:
                self._step()
            except Exception as bug:
                # It must not end the thread that all calls wait for.
                _LOG.error("the watch of the config server failed, and goes on: %s", frames_of(bug))
                with self._changed:
                    self._work_at = time.monotonic() + 1
                    self._changed.wait(0.1)
        happen(self._next.done)
        if self.lost is None:
            self._at_end(self._server)
        self._server.close()

    def _step(self) -> None:
        with self._changed:
            while not (self._ends or self._is_due()):
                self._changed.wait(self._pause())
            read = None if self._ends else self._take()
        if read is not None:
            self._answer(read)
        if not self._ends and time.monotonic() >= self._work_at:
            self._work()

    def _work(self) -> None:
        with self._changed:
            self._work_at = math.inf
        again = self._do_work(self._server if self.lost is None else None)
        with self._changed:
            # Something may have changed meanwhile.
            self._work_at = min(self._work_at, again)

    def _answer(self, read: Read) -> None:
        """Performs a read. Callers that wait for it do not wait for the work after it."""
        try:
            self._perform(read)
        finally:
            self._in_flight = None
            happen(read.done)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now >= self._work_at:
            return True
        if self.lost is not None:
            return self._retry.is_over()
        return bool(self._next.keys) or now >= self._reread_at

    def _pause(self) -> float:
        due = self._reread_at if self.lost is None else self._retry.until
        return max(min(due, self._work_at) - time.monotonic(), 0.001)

    def _take(self) -> Read | None:
        now, is_lost = time.monotonic(), self.lost is not None
        if is_lost and not self._retry.is_over():
            return None
        if is_lost or now >= self._reread_at:
            self._reread_at = now + self._settings.reread_interval
            for key in self._keys:
                # Only a read says whether a server that is lost is back.
                if is_lost or now - key.target.proof >= key.smallest_wait:
                    self._next.keys[key] = None
            self._server.follow_sentinels()
        if not self._next.keys:
            return None
        self._in_flight, self._next = self._next, Read()
        return self._in_flight

    def _perform(self, read: Read) -> None:
        sent = time.monotonic()
        # What the whole fleet is told comes first: it says which config a component takes.
        keys = [key for key in read.keys if key is not self._control]
        if len(keys) < len(read.keys) or sent >= self._control.due_at():
            keys.insert(0, self._control)
        try:
            answers = self._server.read([key.key for key in keys])
        except ComponentError as failed:
            self._lose(failed)
            self._retry.failed()
            return
        if self.lost is not None:
            _LOG.info("config server is back: %s", self._server.address)
            self._work_at = 0.0
        self.lost = None
        self._retry = Backoff()
        for key, answer in zip(keys, answers):
            if key.answered(self._server.address, answer, sent):
                self._work_at = 0.0

    def _lose(self, problem: ComponentError) -> None:
        if self.lost is None and not self._ends:
            _LOG.warning("config server is lost: %s", problem)
        self.lost = problem
