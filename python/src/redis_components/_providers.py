"""Providers of logins, which are the application's code."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import Callable

from ._aside import begun

# How long a provider may take, although nobody waits for it any more, in seconds.
_LONGEST = 30.0


class NoLoginError(Exception):
    """Why a provider gives no login."""


class Asked:
    """The providers that are asked at the moment: each once at a time, so that one that hangs keeps
    one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, concurrent.futures.Future[object]] = {}

    def __reduce__(self) -> tuple[object, ...]:
        # Settings may be copied and sent to other processes.
        return Asked, ()

    def answer(self, name: str, provider: Callable[[], object]) -> object:
        """Returns what the provider answers, or raises an error that says why it does not."""
        with self._lock:
            running = self._running.get(name)
            if running is None:
                running = self._begun(name, provider)
        try:
            return running.result(_LONGEST)
        except concurrent.futures.TimeoutError:
            if not running.done():
                raise NoLoginError(f"it has not answered within {_LONGEST:.0f} seconds") from None
            raise

    def _begun(
        self, name: str, provider: Callable[[], object]
    ) -> concurrent.futures.Future[object]:
        answered: concurrent.futures.Future[object] = concurrent.futures.Future()

        def ask() -> None:
            try:
                answer = provider()
            except BaseException as failed:
                self._over(name)
                # One that ends its thread ends no other.
                is_usual = isinstance(failed, Exception)
                what = f"it ended with {type(failed).__name__}"
                answered.set_exception(failed if is_usual else NoLoginError(what))
            else:
                self._over(name)
                answered.set_result(answer)

        self._running[name] = answered
        if begun(ask, "redis-components-provider") is None:
            del self._running[name]
            raise NoLoginError("no thread can be started to ask it")
        return answered

    def _over(self, name: str) -> None:
        with self._lock:
            self._running.pop(name, None)
