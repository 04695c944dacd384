"""Work that nobody waits for."""

from __future__ import annotations

import threading
from typing import Callable


class Aside:
    """A thread for work that may take long, such as to ask what may be silent. It does one piece of
    work at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None

    def begin(self, work: Callable[[], object]) -> None:
        """Begins the work, unless the last piece of work is not done yet."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=work, name=self._name, daemon=True)
            self._thread.start()
