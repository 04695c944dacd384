"""One call of a function: on which server it is, and whether it may go on at another."""

from __future__ import annotations

import threading
from typing import Any, Callable

from . import _commands
from ._commands import Words
from ._published import Lent, Published
from ._slot import Slot


class Call:
    """One call of a function. Its requests may be in flight side by side."""

    def __init__(self, slot: Slot, published: Published, lend: Callable[[Published], Lent]) -> None:
        self.slot = slot
        self._lend = lend
        self._lock = threading.Lock()
        self._here = lend(published)
        self._lent = [self._here]
        self._has_sent = False
        self._has_session = False
        self._has_ended = False
        # The commands with which the call has loaded scripts.
        self._loads: dict[tuple[Any, ...], None] = {}

    @property
    def here(self) -> Lent:
        """Returns the client of the server that the call is on."""
        return self._here

    def is_bound(self) -> bool:
        """Returns `True` if the session of a connection was changed, which others have not."""
        return self._has_session

    def note(self, words: Words) -> bool:
        """Notes what a command that is about to be sent does to its connection. Returns `True` if
        the call has a session of its own by now."""
        if _commands.concerns_session(words):
            self._has_session = True
        elif _commands.loads_script(words):
            self._loads[tuple(words)] = None
        return self._has_session

    def loads(self) -> list[Words]:
        """Returns the commands with which the call has loaded scripts. Another server has not the
        scripts: they are no data."""
        return list(self._loads)

    def note_sent(self) -> bool:
        """Notes that something is sent. Returns `True` if it is the first of the call."""
        is_first, self._has_sent = not self._has_sent, True
        return is_first

    def stay(self) -> Lent:
        """Keeps the client of this server until the call ends, for what the call does not count."""
        with self._lock:
            here = self._here
            here.stays = self._has_sent = True
        return here

    def enter(self, lent: Lent | None = None) -> Lent:
        """Counts a request in flight, on the server that the call is on if no other is given."""
        with self._lock:
            lent = lent or self._here
            lent.busy += 1
            return lent

    def leave(self, lent: Lent) -> None:
        """Counts a request that is over. The last one on a server that was left gives it back."""
        with self._lock:
            lent.busy -= 1
            if lent is self._here and not self._has_ended:
                return
        self._give_back_if_left(lent)

    def lend(self, published: Published) -> Lent:
        """Returns a client of another server. It is the call's until it is let go."""
        lent = self._lend(published)
        with self._lock:
            self._lent.append(lent)
        return lent

    def let_go(self, lent: Lent) -> None:
        """Gives a client back, unless the call is on its server."""
        self._give_back_if_left(lent)

    def move_to(self, lent: Lent) -> None:
        """Goes on at another server."""
        with self._lock:
            left, self._here = self._here, lent
        self._give_back_if_left(left)

    def end(self) -> None:
        with self._lock:
            self._has_ended = True
            lent = list(self._lent)
        for one in lent:
            self._give_back_if_left(one)

    def _give_back_if_left(self, lent: Lent) -> None:
        with self._lock:
            # What goes on when the function has returned is not waited for.
            is_used = lent is self._here or lent.busy > 0 or lent.stays
            if lent not in self._lent or (is_used and not self._has_ended):
                return
            self._lent.remove(lent)
        lent.give_back()
