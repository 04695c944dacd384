"""Several servers in one field: `["h:26379"]`, `[["h", 26379]]` or `[{"host": "h"}]`."""

from __future__ import annotations

from ..errors import ConfigInvalidError
from . import host, number
from .model import Tcp

_MOST = 64


def read(name: str, value: object, usual: int) -> tuple[Tcp, ...]:
    """Returns the servers that the value of the field stands for. None is named twice."""
    if not isinstance(value, list):
        raise _form(name, usual)
    if not value:
        raise ConfigInvalidError(f"`{name}` is empty; name at least one server")
    if len(value) > _MOST:
        raise ConfigInvalidError(f"`{name}` names more than {_MOST} servers")
    servers: dict[Tcp, None] = {}
    for index, server in enumerate(value, 1):
        if not isinstance(server, (str, list, dict)):
            raise _form(name, usual)
        try:
            servers[_server(name, server, usual)] = None
        except ValueError as wrong:
            raise ConfigInvalidError(f"server {index} of `{name}` {wrong}") from None
    return tuple(servers)


def write(servers: tuple[Tcp, ...]) -> list[str]:
    return [str(server) for server in servers]


def _form(name: str, usual: int) -> ConfigInvalidError:
    return ConfigInvalidError(f'`{name}` must be servers: ["host:{usual}", …]')


def _server(name: str, server: object, usual: int) -> Tcp:
    if isinstance(server, str):
        if "://" in server:
            tls = "sentinel_ssl" if name == "sentinels" else "ssl"
            raise ValueError(f'holds a url; write it as "host:port", and TLS as "{tls}": true')
        written, port = _split(server, usual)
    elif isinstance(server, list):
        if len(server) != 2 or not isinstance(server[0], str):
            raise ValueError("is no pair of a host and a port")
        written, port = server[0], _port(server[1])
    else:
        written, port = _of_fields(server, usual)
    return Tcp(host.check(written), port)


def _of_fields(fields: object, usual: int) -> tuple[str, int]:
    if not isinstance(fields, dict) or not fields.keys() <= {"host", "port"}:
        raise ValueError("is no object of a host and a port")
    written, port = fields.get("host"), fields.get("port")
    if not isinstance(written, str):
        raise ValueError("is no object of a host and a port")
    return written, usual if port is None else _port(port)


def _port(value: object) -> int:
    return _in_range(number.whole(value))


def _in_range(written: int | None) -> int:
    port = number.port(written)
    if port is None:
        raise ValueError("has no port from 1 to 65535")
    return port


def _split(server: str, usual: int) -> tuple[str, int]:
    written, colon, behind = server.rpartition(":")
    if not colon or (server.count(":") > 1 and not written.endswith("]")):
        return server, usual
    if not (behind.isascii() and behind.isdigit()):
        raise ValueError(
            'has no port behind its last colon; write it as "host:port", an IPv6 address in '
            "brackets"
        )
    return written, _in_range(number.digits(behind))
