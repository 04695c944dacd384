"""Redis connections that follow their components.

    from redis_components import redis_connection

    @redis_connection("logs")
    def log_recent(conn, app, message):
        conn.lpush(f"recent:{app}", message)

    log_recent("main", "User 235 logged in")

The address of the server of `logs` is a JSON value under `config:redis:logs` on the config server
that `REDIS_CONFIG_URL` names. One SET moves all callers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, TypeVar

from ._components import Components, ComponentStatus
from ._settings import Login, Settings
from .config import ComponentConfig
from .errors import ComponentError, ConfigInvalidError, ErrorKind

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")
R = TypeVar("R")

__all__ = [
    "ComponentConfig",
    "ComponentError",
    "ComponentStatus",
    "Components",
    "ConfigInvalidError",
    "ErrorKind",
    "Login",
    "Settings",
    "close",
    "configure",
    "redis_connection",
    "status",
]

_DEFAULT = Components()


def configure(settings: Settings) -> None:
    """Sets where configs are and what holds for all components. Call it before the first call of
    a decorated function; connections that there are already are closed."""
    _DEFAULT.configure(settings)


def redis_connection(
    component: str, *, wait: float = 1.0, decode_responses: bool = False
) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[P, R]]:
    """Gives the decorated function a connection to its component's server as the first argument.

    See `Components.redis_connection`.
    """
    return _DEFAULT.redis_connection(component, wait=wait, decode_responses=decode_responses)


def status() -> list[ComponentStatus]:
    """Returns how the components stand that have been called in this process."""
    return _DEFAULT.status()


def close(seconds: float = 0.5) -> None:
    """Closes all connections once their calls have ended, and removes the receipt."""
    _DEFAULT.close(seconds)
