"""Addresses at which no component is: those of everybody, of nobody, and of this link alone.

What counts is the address that is connected to, however it is written and whatever name has it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Union

import redis.exceptions

from ._text import printable
from .errors import ComponentError, ErrorKind

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class ForbiddenAddressError(ComponentError, redis.exceptions.ConnectionError):
    """There is no connection to an address. For redis-py it is one that cannot be reached."""


class _Special(NamedTuple):
    range: Network
    # What its addresses are, for people.
    what: str
    # Whether the application may allow networks inside of it.
    can_be_allowed: bool


def _special(network: str, what: str, can_be_allowed: bool) -> _Special:
    return _Special(ipaddress.ip_network(network), what, can_be_allowed)


_CREDENTIALS = "an address at which a cloud serves credentials"
_SPECIAL = (
    _special("0.0.0.0/8", "a wildcard address", False),
    _special("169.254.0.0/16", "a link-local address", True),
    _special("224.0.0.0/4", "a multicast address", False),
    _special("255.255.255.255/32", "a broadcast address", False),
    _special("::/128", "a wildcard address", False),
    _special("fe80::/10", "a link-local address", True),
    _special("ff00::/8", "a multicast address", False),
    # Its length is the operator's choice, so the IPv4 address inside of it is not known.
    _special("64:ff9b:1::/48", "an address of a local NAT64 prefix", True),
    # Deprecated, and once link-local with another scope.
    _special("fec0::/10", "a site-local address", True),
    # Where clouds serve credentials besides 169.254.0.0/16.
    _special("100.100.100.200/32", _CREDENTIALS, True),
    _special("168.63.129.16/32", _CREDENTIALS, True),
    _special("192.0.0.192/32", _CREDENTIALS, True),
    _special("fd00:ec2::/32", _CREDENTIALS, True),
    _special("fd20:ce::/32", _CREDENTIALS, True),
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def admitted(host: str, addresses: Iterable[str], allowed: Sequence[Network]) -> list[str]:
    """Returns the addresses of a host that may be connected to, or raises an error that says why
    there is none."""
    refusal, usual = None, []
    for text in dict.fromkeys(addresses):
        special = _special_of(ipaddress.ip_address(text), allowed)
        if special is None:
            usual.append(text)
        elif refusal is None:
            refusal = _refusal(host, text, special)
    if refusal is not None and not usual:
        raise refusal
    return usual


def network(text: str) -> Network:
    """Returns a network that is allowed although it is special, or raises a `ValueError`."""
    found = ipaddress.ip_network(text.strip(), strict=False)
    if not any(one.can_be_allowed and _contains(one, found) for one in _SPECIAL):
        raise ValueError("it lies in no range that is refused unasked")
    return found


def _special_of(address: Address, allowed: Sequence[Network]) -> _Special | None:
    """Returns the range that forbids an address, if there is one."""
    meant = _meant(address)
    for of in (address, meant):
        special = next((one for one in _SPECIAL if of in one.range), None)
        if special is not None:
            is_allowed = special.can_be_allowed and any(
                _contains(special, network) and meant in network for network in allowed
            )
            return None if is_allowed else special
    return None


def _contains(special: _Special, network: Network) -> bool:
    of_both = (network.network_address, network.broadcast_address)
    return all(address in special.range for address in of_both)


def _meant(address: Address) -> Address:
    """Returns the address at which a connection ends: an IPv6 address may stand for an IPv4
    address. The zone says nothing about that."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    plain = ipaddress.IPv6Address(int(address))
    last = int(plain) & 0xFFFFFFFF
    # `::` and `::1` are themselves.
    is_compatible = plain in _COMPATIBLE and last > 1
    if plain in _NAT64 or is_compatible:
        return ipaddress.IPv4Address(last)
    return plain.ipv4_mapped or plain.sixtofour or plain


def _refusal(host: str, address: str, special: _Special) -> ForbiddenAddressError:
    advice = (
        "which is never allowed unasked; name another host, or allow its network by "
        "`Settings(allow_special_networks=…)`"
        if special.can_be_allowed
        else "which is never allowed; name another host"
    )
    return ForbiddenAddressError(
        ErrorKind.FORBIDDEN_BY_POLICY, f"`{printable(host)}` is {address}, {special.what}, {advice}"
    )
