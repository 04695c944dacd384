"""What was refused goes again: to the component's candidate, or where the component is now."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar, Union

from ._call import Call
from ._published import Lent, Published
from ._waiting import Steps, Wait

T = TypeVar("T")
# Pauses while a candidate is promoted, in seconds.
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.005
# The same while data is copied, which takes longer, and for which the server is busy.
_LONGEST_PAUSE_WHILE_HELD = 0.02


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a request."""

    value: Any = None
    error: Exception | None = None
    # The code with which all of it was refused, if it was not executed.
    refused: str | None = None
    # Whether it waited for longer than an answer may take.
    has_waited: bool = False

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


class Pause(NamedTuple):
    """The caller waits for so many seconds."""

    seconds: float


class Reach(NamedTuple):
    """The caller makes sure that there is a connection, and says whether there is."""

    lent: Lent
    # The run of the server that it must be, if that was said.
    run_id: str | None = None


class Send(NamedTuple):
    """The caller sends the request, and gives its outcome."""

    lent: Lent


Step = Union[Wait, Pause, Reach, Send]
Sending = Generator[Step, Any, Outcome]


class _Attempts:
    """The attempts to send a request that was refused, within the time for an answer."""

    def __init__(self, since: float, seconds: float) -> None:
        self._seconds = seconds
        self._until = since + seconds
        self._pause = _FIRST_PAUSE

    def note(self, outcome: Outcome) -> None:
        """Gives a command that has waited its time anew."""
        if outcome.has_waited:
            self._until = time.monotonic() + self._seconds

    def left(self) -> float:
        return max(self._until - time.monotonic(), 0.0)

    def next_pause(self, longest: float = _LONGEST_PAUSE) -> Pause:
        pause = self._pause
        self._pause = min(2 * pause, longest)
        # Not for secrets.
        return Pause(min(max(pause * random.uniform(0.5, 1.5), _FIRST_PAUSE), longest))  # noqa: S311


def resend(call: Call, refused: Outcome, since: float, is_first: bool) -> Sending:
    """Sends a refused request again, until a server takes it or time is over.

    It goes to the candidate, which has the same data, or to the server of the config that is in
    force now. While a candidate is promoted, no server takes writes.
    """
    attempts = _Attempts(since, call.here.published.response_timeout())
    attempts.note(refused)
    there: Lent | None = None
    slot, outcome = call.slot, refused
    try:
        while outcome.refused is not None and attempts.left() > 0:
            if not slot.knows_candidate():
                yield from _within(slot.look(attempts.left() / 2), attempts.left())
            offer = slot.offer()
            place = _candidate(call, outcome.refused, is_first)
            if place is not None:
                if there is None or there.published is not place:
                    there = _exchange(call, there, place)
                if (yield Reach(there, None if offer is None else offer.run_id)):
                    answer: Outcome = yield Send(there)
                    attempts.note(answer)
                    if answer.refused is None:
                        _go_on_at(call, there)
                        return answer
            if attempts.left() == 0:
                break
            yield from _within(slot.look(attempts.left() / 2), attempts.left())
            here = call.here.published
            successor = yield from _within(slot.successor(), attempts.left())
            if successor is not None and successor is not here:
                if not (is_first or successor.carries_on(here)):
                    break
                lent = call.lend(successor)
                if (yield Reach(lent)):
                    call.move_to(lent)
                else:
                    call.let_go(lent)
                    yield attempts.next_pause()
            elif call.here.published is not here:
                # Another request of the call has gone on elsewhere.
                pass
            elif _is_offered(call, outcome.refused):
                yield attempts.next_pause()
            elif _is_held(call, outcome.refused):
                yield attempts.next_pause(_LONGEST_PAUSE_WHILE_HELD)
            else:
                break
            outcome = yield Send(call.here)
            attempts.note(outcome)
        return outcome
    finally:
        if there is not None:
            call.let_go(there)


def _candidate(call: Call, code: str, is_first: bool) -> Published | None:
    """Returns the candidate's clients, if it takes a request that was refused with this code."""
    place, in_force = call.slot.prepared.published(), call.slot.published
    here = call.here.published
    if place is None or not _is_offered(call, code) or place.config == here.config:
        return None
    # It has the data of the server in force.
    has_data = is_first or (in_force is not None and in_force.carries_on(here))
    return place if has_data else None


def _is_offered(call: Call, code: str) -> bool:
    offer = call.slot.offer()
    return offer is not None and code in offer.takes


def _is_held(call: Call, code: str) -> bool:
    offer = call.slot.offer()
    return offer is not None and code in offer.holds


def is_run(info: Any, run_id: str) -> bool:
    """Returns `True` if a server has answered to `INFO server` that it is this run."""
    text = info.decode(errors="replace") if isinstance(info, bytes) else str(info)
    return f"run_id:{run_id}" in text.splitlines()


def _exchange(call: Call, known: Lent | None, place: Published) -> Lent:
    if known is not None:
        call.let_go(known)
    return call.lend(place)


def _go_on_at(call: Call, there: Lent) -> None:
    there.published.continues = call.here.published
    call.move_to(there)


def _within(steps: Steps[T], seconds: float) -> Generator[Wait, None, T | None]:
    """Takes steps for so many seconds at most."""
    deadline = time.monotonic() + seconds
    try:
        while True:
            wait = next(steps)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            yield wait._replace(seconds=min(wait.seconds, left))
    except StopIteration as end:
        result: T = end.value
        return result
