"""A server's host: a name or an IP address, and nothing else."""

from __future__ import annotations

import ipaddress
import re

from .._text import WHITE_SPACE, is_control

_LONGEST = 253
# What is wrong with a host that has a comma or a semicolon in it.
SEVERAL = "names several servers; name one"
_NAME = re.compile(r"[A-Za-z0-9_.-]*\Z")
_BRACKETS = "has brackets, which belong around an IPv6 address only; leave them out"


class HostError(ValueError):
    """Why a host is refused, to stand after the name of its field. It shows no part of the host."""


def check(host: str) -> str:
    """Returns the host, without the brackets around an IPv6 address, or raises `HostError`."""
    # A url may be longer than a host.
    if "://" in host:
        raise HostError("holds a url; write it as `url` instead")
    if "@" in host:
        raise HostError("holds a user name or password; write them as `username` and `password`")
    if not host:
        raise HostError("is empty; name the server")
    if len(host.encode()) > _LONGEST:
        raise HostError("is longer than 253 characters, the longest that a name can be")
    if any(char in WHITE_SPACE or is_control(char) for char in host):
        raise HostError("has white space or a control character in it; leave it out")
    if "," in host or ";" in host:
        raise HostError(SEVERAL)
    if host.startswith("/"):
        raise HostError("is the path of a unix socket; write it as `unix_socket_path`")
    if "/" in host:
        raise HostError("holds a path; write the database's number as `db`")
    if host.startswith("[") and "]" in host:
        address, _, behind = host[1:].partition("]")
        ip = _ipv6(address)
        if ip is not None and not behind:
            return _not_wildcard(_is_wildcard_ipv6(ip), address)
        if ip is not None and behind.startswith(":"):
            raise HostError(
                "holds a port; write it as `port`, and the address without brackets as `host`"
            )
        raise HostError(_BRACKETS)
    ip = _ipv6(host)
    if ip is not None:
        return _not_wildcard(_is_wildcard_ipv6(ip), host)
    return _name_or_ipv4(host)


def _name_or_ipv4(host: str) -> str:
    if "[" in host or "]" in host:
        raise HostError(_BRACKETS)
    if ":" in host:
        raise HostError("holds a port; write it as `port`")
    if not host.isascii():
        raise HostError(
            "has a character outside of ASCII; leave it out, or write the name in its ASCII form, "
            "which begins with xn--"
        )
    if not _NAME.match(host):
        raise HostError(
            "has a character that no host has; write a name of letters, digits, `-`, `_` and `.`, "
            "or an IP address"
        )
    without_root = host[:-1] if host.endswith(".") else host
    if not all(without_root.split(".")):
        raise HostError("has an empty label; leave out a dot")
    ip = ipv4(without_root)
    if ip is not None:
        return _not_wildcard(ip == 0, host)
    if all(char in "0123456789." for char in without_root):
        raise HostError("is not an IPv4 address; write four numbers from 0 to 255")
    return host


def _not_wildcard(is_wildcard: bool, host: str) -> str:
    if is_wildcard:
        raise HostError(
            "is a wildcard address, which servers listen on; name the server's own address, "
            "127.0.0.1 for this machine"
        )
    return host


def _ipv6(host: str) -> ipaddress.IPv6Address | None:
    """Returns the IPv6 address, without its zone."""
    address, percent, zone = host.partition("%")
    if percent and (not zone or not _NAME.match(zone)):
        return None
    try:
        return ipaddress.IPv6Address(address)
    except ValueError:
        return None


def _is_wildcard_ipv6(ip: ipaddress.IPv6Address) -> bool:
    mapped = ip.ipv4_mapped
    return int(ip) == 0 or (mapped is not None and int(mapped) == 0)


def ipv4(host: str) -> int | None:
    """Returns the IPv4 address as name resolution reads it: one to four parts, decimal, octal or
    hexadecimal. The last part fills the remaining bytes."""
    *before, last = host.split(".")
    if len(before) > 3:
        return None
    address = 0
    for part in before:
        number = _ipv4_part(part)
        if number is None or number > 255:
            return None
        address = address << 8 | number
    number = _ipv4_part(last)
    bits = 8 * (4 - len(before))
    if number is None or number >> bits:
        return None
    return address << bits | number


def _ipv4_part(part: str) -> int | None:
    if part[:2] in ("0x", "0X"):
        digits, base = part[2:], 16
    elif part.startswith("0") and len(part) > 1:
        digits, base = part[1:], 8
    else:
        digits, base = part, 10
    # `int` takes signs, blanks and underscores as well.
    if not (digits.isascii() and digits.isalnum()) or len(digits) > _LONGEST:
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None
