"""A config from the fields of a JSON object, and back."""

from __future__ import annotations

import dataclasses

from .._text import printable
from ..errors import ConfigInvalidError
from . import cluster, host, reference, sentinels, table, tls, url
from .given import LONGEST_SOCKET, Given, both_given
from .model import DEFAULT_PORT, Cluster, ComponentConfig, Endpoint, Sentinels, Tcp, Unix

_PARTS_OF_A_URL = (
    "host",
    "port",
    "db",
    "username",
    "password",
    "unix_socket_path",
    "path",
)


def read(fields: dict[str, object]) -> ComponentConfig:
    """Returns what the fields mean. Errors contain none of their values."""
    given = Given(fields)
    for name in given.names():
        _check_name(name)
    disabled = bool(given.flag("disabled"))
    of_cluster, of_sentinels = cluster.read(given), sentinels.read(given)
    endpoint: Endpoint | None = of_cluster or of_sentinels
    if endpoint is not None:
        return _common(given, _with_login(given, endpoint), disabled)
    written = given.text("url")
    if written is not None:
        for name in _PARTS_OF_A_URL:
            if given.has(name):
                raise both_given("url", name)
        return _common(given, url.parse(written), disabled)
    return _common(given, _with_login(given, _server(given, disabled)), disabled)


def write(config: ComponentConfig) -> dict[str, object]:
    """Returns the shortest fields that mean the config."""
    fields: dict[str, object] = {}
    endpoint = config.endpoint
    if config.disabled:
        fields["disabled"] = True
    if isinstance(endpoint, Tcp):
        if endpoint.host:
            fields["host"] = endpoint.host
        if endpoint.port != DEFAULT_PORT:
            fields["port"] = endpoint.port
    elif isinstance(endpoint, Unix):
        fields["unix_socket_path"] = endpoint.path
    elif isinstance(endpoint, Sentinels):
        fields.update(sentinels.write(endpoint))
    elif isinstance(endpoint, Cluster):
        fields.update(cluster.write(endpoint))
    fields.update(tls.write(config.tls))
    if config.db:
        fields["db"] = config.db
    for name in (
        "socket_timeout",
        "socket_connect_timeout",
        "client_name",
        "max_connections",
    ):
        fields[name] = getattr(config, name)
    fields["username"] = reference.write(config.username)
    fields["password"] = reference.write(config.password)
    return {name: value for name, value in fields.items() if value is not None}


def _common(given: Given, config: ComponentConfig, disabled: bool) -> ComponentConfig:
    """Adds the fields that all kinds of config have."""
    is_unix = isinstance(config.endpoint, Unix)
    of_url = config.tls is not None if given.has("url") and not is_unix else None
    options = tls.read(given, of_url)
    if is_unix and options is not None:
        raise ConfigInvalidError(
            "`ssl` is true, and a unix socket has no TLS; leave one of them out"
        )
    return dataclasses.replace(
        config,
        disabled=disabled,
        tls=options,
        client_name=given.line("client_name"),
        socket_timeout=given.seconds("socket_timeout"),
        socket_connect_timeout=given.seconds("socket_connect_timeout"),
        max_connections=given.count("max_connections"),
    )


def _server(given: Given, disabled: bool) -> Endpoint | None:
    socket = _socket(given)
    if socket is not None:
        return Unix(socket)
    written = given.text("host")
    port = given.whole("port") or DEFAULT_PORT
    if written is not None:
        try:
            return Tcp(host.check(written), port)
        except host.HostError as wrong:
            raise ConfigInvalidError(f"`host` {wrong}") from None
    if disabled:
        # A port without a host is kept as services in other languages keep it.
        return None if port == DEFAULT_PORT else Tcp("", port)
    raise ConfigInvalidError('`host` is missing; write {"host": "…", "port": …}')


def _with_login(given: Given, endpoint: Endpoint | None) -> ComponentConfig:
    return ComponentConfig(
        endpoint,
        db=given.whole("db") or 0,
        username=reference.written(given, "username"),
        password=reference.written(given, "password"),
    )


def _socket(given: Given) -> str | None:
    """Returns the path of the server's unix socket, if it is given."""
    names = [name for name in ("unix_socket_path", "path") if given.has(name)]
    if not names:
        return None
    for other in ("path", "host", "port"):
        if other != names[0] and given.has(other):
            raise both_given(names[0], other)
    path = given.path(names[0])
    if path is not None and len(path.encode()) > LONGEST_SOCKET:
        raise ConfigInvalidError(
            f"`{names[0]}` is longer than {LONGEST_SOCKET} bytes, the longest that the path of a "
            "socket can be"
        )
    return path


def _check_name(name: str) -> None:
    if name.startswith(table.OWN_PREFIX):
        return
    if name in table.REFUSED:
        raise ConfigInvalidError(
            f"`{name}` asks for {table.REFUSED[name]}, which this version does not support"
        )
    if not table.is_known(name):
        meant = table.nearest(name)
        names = ", ".join((*table.USED, *table.OF_TLS))
        hint = f"did you mean `{meant}`?" if meant else f"the fields are {names}"
        raise ConfigInvalidError(f"`{printable(name)}` is not a known field; {hint}")
