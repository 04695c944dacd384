"""`redis://user:password@host:port/db`."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from .._text import WHITE_SPACE, has_unprintable, is_control
from ..errors import ConfigInvalidError
from . import host, number, table
from .given import LONGEST_SOCKET, absolute
from .model import DEFAULT_PORT, ComponentConfig, Endpoint, Tcp, TlsOptions, Unix

_FORM = "write it as redis://user:password@host:port/db"
_PLAIN = ("redis", "valkey")
_TLS = ("rediss", "valkeys")
_UNIX = ("unix", "redis+unix", "valkey+unix")
_UNPRINTABLE_USER = (
    "the url's user name has a character in it that is not shown, such as a line end; leave it out"
)


def parse(text: str) -> ComponentConfig:
    """Returns what the url means. Errors contain no part of it, because a password that is not
    percent-encoded may stand anywhere in it."""
    # Line ends come with files and variables of the environment.
    scheme, separator, rest = text.rstrip(WHITE_SPACE).partition("://")
    if not separator or scheme not in (*_PLAIN, *_TLS, *_UNIX):
        raise ConfigInvalidError(f"the url does not begin with redis://; {_FORM}")
    if any(is_control(char) for char in rest):
        raise ConfigInvalidError(
            "the url has a control character in it; leave it out, or percent-encode it"
        )
    login, server, path, query = _parts(rest)
    endpoint: Endpoint
    if scheme in _UNIX:
        endpoint, db = _socket(server, path), _database("", query)
    else:
        endpoint, db = _tcp(server), _database(path, query)
    username, _, password = login.partition(":")
    username, password = _decoded(username, "user name"), _decoded(password, "password")
    if has_unprintable(username):
        raise ConfigInvalidError(_UNPRINTABLE_USER)
    return ComponentConfig(
        endpoint,
        db=db,
        username=username or None,
        password=password or None,
        tls=TlsOptions() if scheme in _TLS else None,
    )


def _parts(rest: str) -> tuple[str, str, str, str]:
    """Returns login, server, path and query, as written."""
    end = re.search("[/?#]", rest)
    at = end.start() if end else len(rest)
    authority, behind = rest[:at], rest[at:]
    # A login ends at its last `@`, so an `@` in a password need not be encoded.
    if "@" in behind:
        raise ConfigInvalidError(
            "the url has an `@` behind a `#`, `?` or `/`; percent-encode `#`, `?` and `/` in a "
            "user name or password, as %23, %3F and %2F"
        )
    if "#" in behind:
        raise ConfigInvalidError(
            "the url has a `#`; percent-encode it as %23 if it belongs to a user name or "
            "password, or leave out what stands behind it"
        )
    login, _, server = authority.rpartition("@")
    path, _, query = behind.partition("?")
    return login, server, path, query


def _socket(server: str, path: str) -> Unix:
    if server:
        raise ConfigInvalidError(
            "the url of a unix socket names a host; write it as redis+unix:///path?db=2"
        )
    path = _decoded(path, "path")
    if len(path.encode()) > LONGEST_SOCKET:
        raise ConfigInvalidError(
            f"the url's path is longer than {LONGEST_SOCKET} bytes, the longest that the path of "
            "a socket can be"
        )
    return Unix(absolute(path, "the url's path"))


def _tcp(server: str) -> Tcp:
    has_whole_brackets = ("[" in server) == ("]" in server)
    if "," in server or ";" in server or not has_whole_brackets:
        return Tcp(_host(server))
    # The colons of an IPv6 address stand between brackets.
    behind = server.rfind("]") + 1
    name, _, port = server[behind:].partition(":")
    name = server[:behind] + name
    if ":" in port:
        raise ConfigInvalidError(
            "the url has several colons where its port is; write an IPv6 address in brackets"
        )
    if not name:
        raise ConfigInvalidError(f"the url names no host; {_FORM}")
    checked = _host(name)
    found = number.port(number.digits(port)) if port else DEFAULT_PORT
    if found is None:
        raise ConfigInvalidError("the url's port is not a whole number from 1 to 65535")
    return Tcp(checked, found)


def _host(written: str) -> str:
    # In a url the `%` before the zone of an IPv6 address is percent-encoded.
    if written.startswith("["):
        written = written.replace("%25", "%", 1)
    try:
        return host.check(written)
    except host.HostError as wrong:
        raise ConfigInvalidError(f"the url's host {wrong}") from None


def _database(path: str, query: str) -> int:
    """Returns the database's number, from the path or, as redis-py takes it, from the query."""
    path = path.strip("/")
    database = _db(path) if path else None
    for parameter in filter(None, query.split("&")):
        name, _, value = parameter.partition("=")
        if name == "db":
            if database is not None:
                raise ConfigInvalidError("the url gives the database twice; keep one of them")
            database = _db(value)
        elif table.is_known(name) and name not in table.IGNORED:
            raise ConfigInvalidError(
                f"the url's query gives `{name}`, which has no meaning there; leave it out, or "
                "write it as a field of the config"
            )
        elif not table.is_known(name):
            # The name may be a part of a password.
            raise ConfigInvalidError(
                "the url has a query that is not understood; leave it out, or percent-encode `?` "
                "as %3F if it belongs to a user name or password"
            )
    return database or 0


def _db(digits: str) -> int:
    found: int | None = number.digits(digits)
    if found is None or found >= 2**32:
        raise ConfigInvalidError("the url's database is not a whole number from 0 up")
    return found


def _decoded(text: str, what: str) -> str:
    """Returns the text without percent-encoding. A `%` that encodes nothing stays."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ConfigInvalidError(
            f"the url's {what} is not UTF-8 once it is decoded; write it as UTF-8"
        ) from None
