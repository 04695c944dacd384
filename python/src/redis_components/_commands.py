"""What commands do to their connection and their data, as far as a move needs to know it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

Words = Sequence[Any]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The commands that only read. An unknown command may write.
_READS = _names(
    "BITCOUNT BITFIELD_RO BITPOS DUMP ECHO EXISTS EXPIRETIME GEODIST GEOHASH GEOPOS "
    "GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE HEXISTS HGET HGETALL "
    "HKEYS HLEN HMGET HRANDFIELD HSCAN HSTRLEN HVALS LCS LINDEX LLEN LPOS LRANGE MGET "
    "PEXPIRETIME PING PTTL SCARD SDIFF SINTER SINTERCARD SISMEMBER SMEMBERS SMISMEMBER "
    "SORT_RO SRANDMEMBER SSCAN STRLEN SUBSTR SUNION TTL TYPE XINFO XLEN XPENDING XRANGE "
    "XREAD XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER "
    "ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE "
    "ZREVRANK ZSCAN ZSCORE ZUNION"
)
_OF_SESSIONS = _names(
    "ASKING AUTH DISCARD EXEC HELLO MONITOR MULTI PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY "
    "READWRITE RESET SELECT SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WATCH"
)
_OF_TRANSACTIONS = _names("DISCARD EXEC MULTI UNWATCH WATCH")
_OF_CLIENTS = _names("CACHING NO-EVICT NO-TOUCH REPLY SETNAME TRACKING")
# Where the seconds stand that a command waits.
_LAST, _FIRST = -1, 1
_WAITS = {
    **dict.fromkeys(_names("BLPOP BRPOP BRPOPLPUSH BLMOVE BZPOPMIN BZPOPMAX"), _LAST),
    **dict.fromkeys(_names("BLMPOP BZMPOP"), _FIRST),
}
_STREAMS = ("XREAD", "XREADGROUP")


def _words(words: Words, count: int) -> list[str]:
    """Returns the first words in capitals. redis-py has `SCRIPT LOAD` as one."""
    found: list[str] = []
    for word in words:
        if len(found) >= count:
            break
        text = bytes(word).decode("latin-1") if isinstance(word, (bytes, bytearray)) else str(word)
        found.extend(text.upper().split() or [""])
    return found[:count]


def only_reads(words: Words) -> bool:
    """Returns `True` if the command has no effect."""
    return _words(words, 1)[0] in _READS


def is_script(words: Words) -> bool:
    """Returns `True` if the command runs a script or function. It may answer with any code, also
    after it has written."""
    return _words(words, 1)[0].startswith(("EVAL", "FCALL"))


def loads_script(words: Words) -> bool:
    """Returns `True` if the command gives its server a script, to be run by its hash."""
    first = words[0] if words else ""
    # Each command passes here.
    if isinstance(first, str) and not _may_concern_session(first):
        return False
    return _words(words, 2) == ["SCRIPT", "LOAD"]


def concerns_session(words: Words) -> bool:
    """Returns `True` if the command is about the session of its connection."""
    first = words[0] if words else ""
    # Each command passes here.
    if isinstance(first, str) and not _may_concern_session(first):
        return False
    name, *arguments = _words(words, 2) or [""]
    if name in _OF_SESSIONS:
        return True
    return (name == "CLIENT" and not _OF_CLIENTS.isdisjoint(arguments)) or (
        name == "SCRIPT" and arguments == ["DEBUG"]
    )


def leaves_session(words: Words) -> bool:
    """Returns `True` if the command changes the session of its connection for longer than a
    pipeline takes."""
    return concerns_session(words) and _words(words, 1)[0] not in _OF_TRANSACTIONS


@functools.lru_cache(maxsize=512)
def _may_concern_session(first: str) -> bool:
    name = _words((first,), 1)[0]
    return name in _OF_SESSIONS or name in ("CLIENT", "SCRIPT")


def may_wait(words: Words) -> bool:
    """Returns `True` if the command may keep its connection waiting."""
    return _waits_at(words) is not None


def with_wait_since(words: Words, passed: float) -> Words:
    """Returns a command that waits for what is left of its time after so many seconds."""
    at = _waits_at(words)
    if at is None:
        return words
    is_of_streams = _words(words, 1)[0] in _STREAMS
    try:
        given = float(words[at])
    except (TypeError, ValueError):
        # The server says what is wrong.
        return words
    # 0 is without end.
    if given <= 0:
        return words
    left: float
    if is_of_streams:
        left = max(int(given - passed * 1000), 1)
    else:
        left = max(round(given - passed, 3), 0.001)
    changed = list(words)
    changed[at] = left
    return changed


def _waits_at(words: Words) -> int | None:
    name = _words(words, 1)[0]
    if name in _STREAMS:
        at = 1
        while at < len(words) - 1:
            word = _words(words[at : at + 1], 1)[0]
            if word == "STREAMS":
                return None
            if word == "BLOCK":
                return at + 1
            # Options come in any order, and a group or consumer may be named as one.
            at += {"GROUP": 3, "COUNT": 2}.get(word, 1)
        return None
    at = _WAITS.get(name, 0)
    return at % len(words) if at and len(words) > 2 else None
