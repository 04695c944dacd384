"""Sentinels in a config: who they are, which service, and how to reach them."""

from __future__ import annotations

from .._text import printable
from ..errors import ConfigInvalidError
from . import reference, servers, table, tls
from .given import Given, both_given
from .model import Sentinels

_DEFAULT_PORT = 26_379
_PREFIX = "sentinel_"
_NAMES = (
    ("`ssl", "`sentinel_ssl"),
    ('"ssl"', '"sentinel_ssl"'),
    ("`username`", "`sentinel_username`"),
    ("`password`", "`sentinel_password`"),
)
_OTHER_PLACES = ("host", "port", "url", "unix_socket_path", "path", "cluster", "startup_nodes")
_OF_SENTINELS = ("service_name", *(name for name in table.USED if name.startswith(_PREFIX)))
_USABLE = frozenset(
    ("username", "password", "socket_timeout", "socket_connect_timeout", "client_name", "ssl")
) | {*table.OF_TLS, *table.UNUSABLE_OF_TLS, *table.IGNORED}


def read(given: Given) -> Sentinels | None:
    """Returns the sentinels that the fields name, if they name any."""
    if not given.has("sentinels"):
        for name in _OF_SENTINELS:
            if given.has(name):
                raise ConfigInvalidError(
                    f"`{name}` is given without `sentinels`; add them as "
                    f'["host:{_DEFAULT_PORT}", …], or leave it out'
                )
        return None
    for name in _OTHER_PLACES:
        if given.has(name):
            raise both_given("sentinels", name)
    addresses = servers.read("sentinels", given.get("sentinels"), _DEFAULT_PORT)
    service = given.text("service_name")
    if service is None:
        raise ConfigInvalidError(
            "`sentinels` is given without `service_name`; add the name that the sentinels know "
            "the primary by"
        )
    if not service:
        raise ConfigInvalidError("`service_name` is empty; name the service")
    connection = _of_connection(given)
    try:
        return Sentinels(
            addresses,
            service,
            reference.written(connection, "username"),
            reference.written(connection, "password"),
            tls.read(connection, None),
        )
    except ConfigInvalidError as wrong:
        raise ConfigInvalidError(_for_sentinels(given, str(wrong))) from None


def _for_sentinels(given: Given, wrong: str) -> str:
    """Returns what is wrong with the names that the fields have for sentinels."""
    field = wrong.split("`")[1] if "`" in wrong else ""
    if not given.has(_PREFIX + field):
        return f"{wrong} (in `sentinel_kwargs`)"
    for server, sentinels in _NAMES:
        wrong = wrong.replace(server, sentinels)
    return wrong


def _of_connection(given: Given) -> Given:
    """Returns what connections to sentinels need, under the names that it has for the server."""
    kwargs = given.get("sentinel_kwargs")
    if kwargs is not None and not isinstance(kwargs, dict):
        raise ConfigInvalidError("`sentinel_kwargs` must be an object")
    fields = {name: value for name, value in (kwargs or {}).items() if value is not None}
    for name in fields:
        if not table.is_known(name):
            raise ConfigInvalidError(
                f"`{printable(name)}` in `sentinel_kwargs` is not a known field"
            )
        if name not in _USABLE:
            raise ConfigInvalidError(f"`{name}` in `sentinel_kwargs` cannot be used; leave it out")
    for name in _OF_SENTINELS:
        if name == "sentinel_kwargs" or not name.startswith(_PREFIX) or not given.has(name):
            continue
        short = name[len(_PREFIX) :]
        if short in fields:
            raise ConfigInvalidError(
                f"`{name}` and `{short}` in `sentinel_kwargs` are both given; keep one of them"
            )
        fields[short] = given.get(name)
    return Given(fields)


def write(sentinels: Sentinels) -> dict[str, object]:
    """Returns the shortest fields that mean the sentinels."""
    connection: dict[str, object] = tls.write(sentinels.tls)
    if sentinels.username is not None:
        connection["username"] = reference.write(sentinels.username)
    if sentinels.password is not None:
        connection["password"] = reference.write(sentinels.password)
    return {
        "sentinels": servers.write(sentinels.addresses),
        "service_name": sentinels.service,
        **{_PREFIX + name: value for name, value in connection.items()},
    }
