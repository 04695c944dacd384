"""What the application says."""

from __future__ import annotations

import dataclasses
import os
import re
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Callable

from . import _addresses, config
from ._providers import Asked
from .errors import ComponentError, ConfigInvalidError, ErrorKind

_VARIABLE = "REDIS_CONFIG_URL"
# However long other commands may take.
_CONFIG_SERVER_ANSWERS_WITHIN = 0.5
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclasses.dataclass(frozen=True)
class Login:
    """A login that the application gives."""

    password: str = dataclasses.field(repr=False)
    # For configs that give no user name.
    username: str | None = None
    # When it expires, in seconds since 1970. It does not if this is absent.
    expires: float | None = None


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the application says. The defaults are those of services in other languages."""

    # A url, several with commas between, or JSON. `REDIS_CONFIG_URL` if it is absent.
    config_servers: str | None = dataclasses.field(default=None, repr=False)
    key_prefix: str = "config:redis:"
    # The bounds of a config that says nothing else, and of the config server, in seconds.
    connect_timeout: float = 1.0
    response_timeout: float = 0.5
    # How often configs are read that no call asks for, in seconds.
    reread_interval: float = 5.0
    # The name of the application in receipts and connections. The program's if it is absent.
    application: str | None = None
    receipts: bool = True
    # Whether configs may say `"ssl_cert_reqs": "none"` and `"ssl_check_hostname": false`.
    allow_unverified_tls: bool = False
    # Folders in which the unix sockets are that configs may name. Any if none is given.
    allow_unix_sockets_under: Sequence[str] = ()
    # Where logins come from that configs name as `{"provider": "NAME"}`. Each is asked on a thread
    # beside all calls, before its last login expires.
    credentials: Mapping[str, Callable[[], Login]] = dataclasses.field(default_factory=dict)
    # Networks of addresses that are refused unasked, link-local ones for example, in which servers
    # are nevertheless.
    allow_special_networks: Sequence[str] = ()
    _asked: Asked = dataclasses.field(default_factory=Asked, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("connect_timeout", "response_timeout", "reread_interval"):
            if not 0.001 <= getattr(self, name) <= 600:
                raise ComponentError(
                    ErrorKind.SETTINGS, f"`{name}` must be a number of seconds from 0.001 to 600"
                )
        for name, what, one in (
            ("allow_unix_sockets_under", "folders", "/run/redis"),
            ("allow_special_networks", "networks", "169.254.7.0/24"),
        ):
            if isinstance(getattr(self, name), str):
                # Its letters would be folders, and `/` among them.
                message = f'`{name}` must be several {what}; write one as `("{one}",)`'
                raise ComponentError(ErrorKind.SETTINGS, message)
        self.special_networks()

    def special_networks(self) -> tuple[_addresses.Network, ...]:
        """Returns the networks that are allowed although they are special, or raises an error."""
        try:
            return tuple(map(_addresses.network, self.allow_special_networks))
        except ValueError as wrong:
            raise ComponentError(
                ErrorKind.SETTINGS,
                "`allow_special_networks` must be networks inside of those that are refused "
                f'unasked, such as "169.254.7.0/24": {wrong}',
            ) from None

    def login_of(self, provider: str) -> object:
        """Returns what a provider answers, or raises an error if it does not. There must be one."""
        return self._asked.answer(provider, self.credentials[provider])

    def for_config_server(self) -> Settings:
        """Returns what holds for the config server, whatever it says itself."""
        within = min(self.response_timeout, _CONFIG_SERVER_ANSWERS_WITHIN)
        settings = dataclasses.replace(self, response_timeout=within)
        # The thread that reads configs has more to do than to wait for its login.
        object.__setattr__(settings, "_asked", self._asked.within(self.connect_timeout))
        return settings

    def servers(self) -> tuple[config.ComponentConfig, ...]:
        """Returns the config servers, or raises an error that says where they may be named."""
        text = self.config_servers or os.environ.get(_VARIABLE)
        if not text:
            raise ComponentError(
                ErrorKind.NO_CONFIG_SERVER,
                "no config server is named: give `Settings(config_servers=…)` to `configure`, or "
                f"set the environment variable {_VARIABLE}",
            )
        source = "`config_servers`" if self.config_servers else _VARIABLE
        try:
            return config.config_servers(text)
        except ConfigInvalidError as wrong:
            raise ComponentError(
                ErrorKind.SETTINGS, f"{source} names no config server: {wrong}"
            ) from None

    def application_name(self) -> str:
        program = os.path.basename(sys.argv[0] if sys.argv else "").rpartition(".py")
        name = self.application or program[0] or program[2]
        return _NO_NAME.sub("-", name).strip("-") or "python"


def instance_name() -> str:
    """Returns a name for this process: `<host>-<pid>-<4 hexadecimal digits>`."""
    host = _NO_NAME.sub("-", socket.gethostname()) or "host"
    return f"{host}-{os.getpid()}-{secrets.token_hex(2)}"
