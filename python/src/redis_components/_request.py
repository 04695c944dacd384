"""What a call sends at once: a command, or a pipeline."""

from __future__ import annotations

import time
from typing import Any

import redis.exceptions

from . import _commands, _refusal
from ._commands import Words
from ._resend import Outcome

Refusable = redis.exceptions.ResponseError


class One:
    """A command. What it waits for, it waits for once."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.began = time.monotonic()

    def words(self) -> Words:
        """Returns the command as it is sent now, again."""
        return _commands.with_wait_since(self._words, time.monotonic() - self.began)

    def outcome(self, error: Refusable) -> Outcome:
        code = _refusal.of_one(self._words, error)
        has_waited = code is not None and _refusal.is_ended_by_demotion(error)
        return Outcome(error=error, refused=code, has_waited=has_waited)


class All:
    """A pipeline or transaction, with what redis-py forgets when it is executed."""

    def __init__(self, pipeline: Any, is_transaction: bool) -> None:
        self.began = time.monotonic()
        self._is_transaction = is_transaction or pipeline.explicit_transaction
        self._is_explicit = pipeline.explicit_transaction
        self.commands = pipeline.command_stack
        self._scripts = pipeline.scripts

    def write_into(self, pipeline: Any) -> None:
        """Has the pipeline execute this, again."""
        pipeline.command_stack = self.commands
        pipeline.scripts = set(self._scripts)
        pipeline.explicit_transaction = self._is_explicit

    def concerns_session(self) -> bool:
        return any(_commands.concerns_session(words) for words, _ in self.commands)

    def answered(self, answers: list[Any]) -> Outcome:
        code = _refusal.of_pipeline([words for words, _ in self.commands], answers)
        return Outcome(value=answers, refused=code)

    def failed(self, error: Refusable) -> Outcome:
        """Takes an error that was raised. A transaction answers so if it was discarded."""
        code = _refusal.code_of(error) if self._is_transaction else None
        return Outcome(error=error, refused=code)
