"""Whether a server that answers is one of data, and has all of it."""

from __future__ import annotations

from typing import Any

import redis.exceptions

_SENTINEL = "it is a sentinel, and no server of data; name it in `sentinels` with `service_name`"
_NODE = (
    "it is a node of a cluster, and has the keys of some slots only; write it in `cluster` in "
    "place of `host`"
)


def wrong(client: Any, *, needs_all_slots: bool) -> str | None:
    """Returns why the server cannot be that of a config, or `None` if it can or does not tell.

    Each user may ask for the mode since Redis 6.
    """
    told = _hello(client)
    if told.get("mode") == "sentinel":
        return _SENTINEL
    if told.get("mode") != "cluster" or not needs_all_slots:
        return None
    if told.get("role") in ("replica", "slave"):
        return _NODE
    try:
        primaries = client.cluster("info").get("cluster_size")
    except redis.exceptions.RedisError:
        return None
    return None if primaries in (None, "0", "1") else _NODE


def is_of_cluster(client: Any) -> bool:
    """Returns `True` if the server says that it is a node of a cluster."""
    return _hello(client).get("mode") == "cluster"


def _hello(client: Any) -> dict[str, str]:
    try:
        told = client.execute_command("HELLO")
    except redis.exceptions.RedisError:
        # A server before version 6, or a proxy that hangs up.
        return {}
    if isinstance(told, list):
        told = dict(zip(map(_text, told[::2]), told[1::2]))
    if not isinstance(told, dict):
        return {}
    return {_text(name): _text(value) for name, value in told.items()}


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
