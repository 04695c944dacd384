"""Threads for work that nobody waits for."""

from __future__ import annotations

import threading
import time
from typing import Callable


def begun(work: Callable[[], object], name: str) -> threading.Thread | None:
    """Returns a thread that does the work, or `None` if the process can have no more threads."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def join(thread: threading.Thread | None, deadline: float) -> None:
    """Waits until the thread has ended, but no longer than to a time of the monotonic clock."""
    if thread is not None and thread is not threading.current_thread():
        thread.join(max(deadline - time.monotonic(), 0.0))


class Aside:
    """A thread for work that may take long, such as to ask what may be silent. It does one piece of
    work at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None

    def begin(self, work: Callable[[], object]) -> None:
        """Begins the work, unless the last piece of work is not done yet."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = begun(work, self._name)

    def join(self, deadline: float) -> None:
        join(self._thread, deadline)
