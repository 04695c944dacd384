"""Providers of logins, which are the application's code."""

from __future__ import annotations

import concurrent.futures
import math
import os
import threading
import time
import weakref
from typing import Callable

from ._aside import begun

# How long the thread that needs a login waits for a provider, unless it is told otherwise, in
# seconds. Calls wait for less.
_LONGEST = 30.0
# How old an answer may be that came when nobody waited for it any more, in seconds.
_FRESH = 30.0


class NoLoginError(Exception):
    """Why a provider gives no login."""


class _Question:
    def __init__(self) -> None:
        self.answer: concurrent.futures.Future[object] = concurrent.futures.Future()
        # Until when the answer counts, by the monotonic clock.
        self.until = math.inf


class _Questions:
    """The questions that are asked at the moment, by the names of their providers."""

    def __init__(self) -> None:
        self.begin()
        _ALL.add(self)

    def begin(self) -> None:
        self.lock = threading.Lock()
        self.running: dict[str, _Question] = {}


_ALL: weakref.WeakSet[_Questions] = weakref.WeakSet()


def _after_fork() -> None:
    # The threads that asked are not in the child, and one may have held the lock.
    for questions in list(_ALL):
        questions.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Asked:
    """The providers that are asked at the moment: each once at a time, so that one that hangs keeps
    one thread."""

    def __init__(self) -> None:
        self._questions = _Questions()
        self._patience: float | None = None

    def within(self, seconds: float) -> Asked:
        """Returns the same providers for a thread that waits no longer than that."""
        other = Asked()
        other._questions, other._patience = self._questions, seconds
        return other

    def __reduce__(self) -> tuple[object, ...]:
        # Settings may be copied and sent to other processes.
        return Asked, ()

    def answer(self, name: str, provider: Callable[[], object]) -> object:
        """Returns what the provider answers, or raises an error that says why it does not."""
        patience = _LONGEST if self._patience is None else self._patience
        questions = self._questions
        with questions.lock:
            question = questions.running.get(name)
            if question is None or question.until < time.monotonic():
                question = self._begun(name, provider)
        concurrent.futures.wait([question.answer], patience)
        if not question.answer.done():
            # It goes on, and whoever asks next has its answer.
            raise NoLoginError(f"it has not answered within {patience:g} seconds")
        with questions.lock:
            if questions.running.get(name) is question:
                del questions.running[name]
        return question.answer.result()

    def _begun(self, name: str, provider: Callable[[], object]) -> _Question:
        question = _Question()

        def ask() -> None:
            try:
                answer = provider()
            except BaseException as failed:
                question.until = time.monotonic() + _FRESH
                # One that ends its thread ends no other.
                is_usual = isinstance(failed, Exception)
                what = f"it ended with {type(failed).__name__}"
                question.answer.set_exception(failed if is_usual else NoLoginError(what))
            else:
                question.until = time.monotonic() + _FRESH
                question.answer.set_result(answer)

        self._questions.running[name] = question
        if begun(ask, "redis-components-provider") is None:
            del self._questions.running[name]
            raise NoLoginError("no thread can be started to ask it")
        return question
