"""Answers that prove that a command was not executed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import redis.exceptions

from . import _commands
from ._commands import Words

READ_ONLY = "READONLY"
NO_REPLICAS = "NOREPLICAS"
# Those after which a command may go to a candidate that names them.
CODES = (READ_ONLY, NO_REPLICAS)
# What a server says of the first write of a script. It looks at its role before that one only, so
# that nothing of the script is written then.
_OF_FIRST_WRITE = {
    READ_ONLY: "You can't write against a read only replica.",
    NO_REPLICAS: "Not enough good replicas to write.",
}
# redis-py writes the number of a command before the error of its server.
_CODE = "_refused_with"
_TEXT = "_said"
_BECAUSE_OF = re.compile(r"because of: (\w+)")


def note_code(error: Exception) -> None:
    """Notes the code and the text of an error, before redis-py changes its text."""
    setattr(error, _CODE, code_of(error))
    setattr(error, _TEXT, str(error))


def code_of(error: object) -> str | None:
    """Returns the code of a refusal, if the error of a command or transaction is one."""
    if not isinstance(error, redis.exceptions.ResponseError):
        return None
    if hasattr(error, _CODE):
        noted: str | None = getattr(error, _CODE)
        return noted
    if isinstance(error, redis.exceptions.ReadOnlyError):
        return READ_ONLY
    text = str(error)
    if isinstance(error, redis.exceptions.ExecAbortError):
        reason = _BECAUSE_OF.search(text)
        return reason[1] if reason is not None and reason[1] in CODES else None
    return NO_REPLICAS if text.startswith(f"{NO_REPLICAS} ") else None


def _of_script(error: object) -> str | None:
    """Returns the code with which a script was refused, if nothing of it was written. A script may
    itself answer with any code, so that the server's own words are needed."""
    code = code_of(error)
    if code is None or isinstance(error, redis.exceptions.ExecAbortError):
        return None
    text = str(getattr(error, _TEXT, error))
    return code if text.removeprefix(f"{code} ").startswith(_OF_FIRST_WRITE[code]) else None


def of_one(words: Words, error: Exception) -> str | None:
    """Returns the code with which a command was refused, if it was not executed."""
    if _commands.is_script(words):
        return _of_script(error)
    return code_of(error) or (READ_ONLY if is_ended_by_demotion(error) else None)


def is_ended_by_demotion(error: object) -> bool:
    """Returns `True` if the server has become a replica and so has ended the command, which waited
    and has taken nothing."""
    text = str(error)
    return (
        isinstance(error, redis.exceptions.ResponseError)
        and text.startswith("UNBLOCKED ")
        and "instance state changed" in text
    )


def of_pipeline(commands: Sequence[Words], answers: Sequence[Any]) -> str | None:
    """Returns the code with which a pipeline was refused, if nothing of it was executed but
    commands that only read."""
    if len(commands) != len(answers):
        return None
    found = None
    for words, answer in zip(commands, answers):
        code = _of_script(answer) if _commands.is_script(words) else code_of(answer)
        if code is None and not _commands.only_reads(words):
            return None
        found = found or code
    return found
