"""What is shown of an error that a server answers with: its meaning, in words of ours.

A server knows the password that it was sent, and what it says may repeat it in any way.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable

import redis.asyncio.sentinel
import redis.exceptions
import redis.sentinel

from ._addresses import ForbiddenAddressError
from ._text import certificate_of, printable

_REFUSED_LOGIN = "it refuses the login; check `username` and `password`"
_CLUSTER = "it is a node of a cluster"
_NO_NODE = "no node of the cluster can be used"
_UNSHOWN = "it answers with an error that is not shown, because it may repeat a password"
# The classes in which redis-py keeps the words of a server. It takes the code away.
_CLASSES = {
    "AuthenticationError": _REFUSED_LOGIN,
    "AuthenticationWrongNumberOfArgsError": _REFUSED_LOGIN,
    "AuthorizationError": _REFUSED_LOGIN,
    "BusyLoadingError": "LOADING: it is still loading its data",
    "NoPermissionError": "NOPERM: the user lacks a permission, see `username`",
    "ReadOnlyError": "READONLY: it is a replica",
    "OutOfMemoryError": "OOM: its memory is full",
    "MasterDownError": "MASTERDOWN: it has lost its primary",
    "ClusterDownError": "CLUSTERDOWN: its cluster is down",
    "TryAgainError": "TRYAGAIN: its cluster moves the slot",
    "MovedError": f"MOVED: {_CLUSTER}",
    "AskError": f"ASK: {_CLUSTER}",
    "ClusterCrossSlotError": f"CROSSSLOT: {_CLUSTER}",
    "InvalidResponse": "what answers is not a Redis server; check its address",
}
# Codes that redis-py has no class for, and leaves before the words.
_CODES = {
    "BUSY": "a script keeps it busy",
    "DENIED": "it is in protected mode; give it a password",
    "MISCONF": "it cannot save its data",
    "NOPROTO": "it does not speak this version of the protocol",
    "NOREPLICAS": "it has too few replicas",
    "WRONGTYPE": "the key holds a value of another type",
}
_SENTENCES = {
    "unknown command": "it does not know a command that is needed",
    "unknown subcommand": "it does not know a command that is needed",
    "max number of clients": (
        "max number of clients reached; raise `maxclients` there, or end clients"
    ),
    "db index is out of range": "it has no database of that number, see `db`",
    "cluster support disabled": "it is no node of a cluster",
}
# redis-py writes what every sentinel has answered into one sentence.
_OF_SENTINELS = (
    redis.sentinel.MasterNotFoundError,
    redis.asyncio.sentinel.MasterNotFoundError,
)
_FORBIDDEN = ForbiddenAddressError.__name__
_OF_SENTINEL = re.compile(r">\)> - (?:\w+:)?(\w+)")
_NOT_ASKED = {
    **{
        name: says.replace("`username` and `password`", "`sentinel_username`, `sentinel_password`")
        for name, says in _CLASSES.items()
    },
    "ConnectionError": "it cannot be reached, or hangs up",
    "TimeoutError": "it does not answer in time",
    _FORBIDDEN: "its address is one that is refused; see `allow_special_networks`",
}


def meaning(error: BaseException) -> str:
    """Returns what an error says, without a word of a server's own."""
    certificate = certificate_of(error)
    if certificate is not None:
        return f"its certificate is refused: {printable(certificate.verify_message)}"
    if isinstance(error, redis.exceptions.RedisClusterException):
        # redis-py quotes in it what the last node said.
        inner = error.__cause__ or error.__context__
        return _NO_NODE if inner is None else f"{_NO_NODE}: {meaning(inner)}"
    of_server = _of_server(error)
    return printable(str(error) or type(error).__name__) if of_server is None else of_server


def is_forbidden(error: BaseException) -> bool:
    """Returns `True` if no sentinel could be asked because their addresses are forbidden."""
    asked = _OF_SENTINEL.findall(str(error)) if isinstance(error, _OF_SENTINELS) else []
    return bool(asked) and set(asked) == {_FORBIDDEN}


def cause_of(error: BaseException) -> BaseException | None:
    """Returns the error as the cause of another, unless it holds a server's words.

    A traceback shows the causes of an error.
    """
    caused: BaseException | None = error
    while caused is not None:
        is_quoting = isinstance(caused, redis.exceptions.RedisClusterException)
        if is_quoting or _of_server(caused) is not None:
            return None
        caused = caused.__cause__ or caused.__context__
    return error


def frames_of(error: BaseException) -> str:
    """Returns where an error came from that nobody expected, without its words: they may be a
    server's."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


def without(text: str, secrets: Iterable[object]) -> str:
    """Returns the text, unless it repeats one of the secrets, as a host that a server names may.

    Shorter passwords than eight characters are a part of names by chance.
    """
    shown = text.lower()
    for secret in secrets:
        if isinstance(secret, str) and len(secret) >= 8:
            spellings = (secret.lower(), secret.encode().hex())
            if any(spelling in shown for spelling in spellings):
                return "it names a host that repeats a password"
    return text


def _of_server(error: BaseException) -> str | None:
    """Returns the meaning of an error that a server has sent, or `None` if none has."""
    for kind in type(error).__mro__:
        if kind.__name__ in _CLASSES and issubclass(kind, redis.exceptions.RedisError):
            return _CLASSES[kind.__name__]
    text = str(error)
    if isinstance(error, _OF_SENTINELS):
        known = (_NOT_ASKED.get(name, name) for name in _OF_SENTINEL.findall(text))
        reasons = "; ".join(dict.fromkeys(known))
        if not reasons:
            return "no sentinel knows a service of that name"
        return f"no sentinel names it, and one that was asked has failed: {reasons}"
    of_sentence = next((says for words, says in _SENTENCES.items() if words in text.lower()), None)
    if _is_garbage(error):
        # Parsers quote what they cannot read.
        return f"its answer cannot be read ({type(error).__name__})"
    if not isinstance(error, redis.exceptions.ResponseError):
        # redis-py makes an error of the connection of one sentence.
        is_quoted = isinstance(error, redis.exceptions.ConnectionError)
        return of_sentence if is_quoted else None
    code = text.split(" ", 1)[0]
    if code in _CODES:
        return f"{code}: {_CODES[code]}"
    return of_sentence or _UNSHOWN


def _is_garbage(error: BaseException) -> bool:
    """Returns `True` if the error is a parser's that has read what no server sends."""
    if isinstance(error, UnicodeError):
        # Names of hosts are encoded, and only answers decoded.
        return isinstance(error, UnicodeDecodeError)
    known = (redis.exceptions.RedisError, redis.exceptions.RedisClusterException, OSError)
    return not isinstance(error, known)
