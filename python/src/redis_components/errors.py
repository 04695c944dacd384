"""What a call raises if it gets no connection."""

from __future__ import annotations

import enum

import redis.exceptions


class ErrorKind(enum.Enum):
    """Why there is no connection."""

    NO_CONFIG_SERVER = "no config server"
    CONFIG_SERVER_UNREACHABLE = "config server unreachable"
    CONFIG_SERVER_REFUSED = "config server refused"
    CONFIG_MISSING = "config missing"
    CONFIG_INVALID = "config invalid"
    # What the config refers to cannot be used now. It is looked at again.
    REFERENCE_UNAVAILABLE = "reference unavailable"
    FORBIDDEN_BY_POLICY = "forbidden by policy"
    DISABLED = "disabled"
    SERVER_UNREACHABLE = "server unreachable"
    SERVER_REFUSED = "server refused"
    SETTINGS = "settings"


class ComponentError(redis.exceptions.RedisError):
    """There is no connection for a call. The text says where, why and what to do.

    It is a `RedisError`, so that code that handles errors of redis-py handles it too.
    """

    def __init__(self, kind: ErrorKind, message: str, component: str | None = None) -> None:
        super().__init__(f"component `{component}`: {message}" if component else message)
        self.kind = kind
        self.message = message
        self.component = component

    def __reduce__(self) -> tuple[object, ...]:
        # Pools of processes send errors to their parent.
        return ComponentError, (self.kind, self.message, self.component)


class ConfigInvalidError(ValueError):
    """A config or url is refused. The text names the field and never shows a value."""
