"""An attempt at a new config: build, log in and probe."""

from __future__ import annotations

from typing import Any

import redis.exceptions

from . import _admission, _clients, _options
from ._options import Options
from ._settings import Settings
from ._text import printable_error
from .config.model import ComponentConfig
from .errors import ComponentError, ErrorKind

_REFUSALS = (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError)


def prove(config: ComponentConfig, settings: Settings, name: str) -> tuple[Options, Any]:
    """Returns a client that has been proven to work, and how to make more of them.

    Raises an error that says why there is none.
    """
    _admission.check(config, settings)
    where = f"the server {config.endpoint}"
    try:
        try:
            return _connected(_options_of(config, settings, config.client_name or name, where))
        except _RefusedNameError:
            return _connected(_options_of(config, settings, None, where))
    except _REFUSALS as refused:
        raise ComponentError(
            ErrorKind.SERVER_REFUSED, f"{where} refuses the login: {printable_error(refused)}"
        ) from refused
    except (redis.exceptions.RedisError, OSError, ValueError) as failed:
        if isinstance(failed, ComponentError):
            raise
        raise ComponentError(
            ErrorKind.SERVER_UNREACHABLE, f"{where} cannot be used: {printable_error(failed)}"
        ) from failed


class _RefusedNameError(Exception):
    """The server may not let the connection be named. It is used all the same."""


def _options_of(
    config: ComponentConfig, settings: Settings, name: str | None, where: str
) -> Options:
    try:
        return _options.of(config, settings, name)
    except (OSError, ValueError) as wrong:
        raise ComponentError(
            ErrorKind.SERVER_UNREACHABLE,
            f"{where} cannot be used: a file that its config names for TLS cannot be read, is no "
            f"PEM, or its key does not fit: {printable_error(wrong)}",
        ) from wrong


def _connected(options: Options) -> tuple[Options, Any]:
    client = None
    try:
        client = _clients.build(options)
        client.ping()
    except redis.exceptions.RedisError as failed:
        if client is not None:
            _clients.close(client)
        if options.name is not None and _is_refusal(failed):
            raise _RefusedNameError from failed
        # Any other refusal shows that the server lives.
        if client is not None and isinstance(failed, redis.exceptions.ResponseError):
            return options, client
        raise
    return options, client


def _is_refusal(failed: redis.exceptions.RedisError) -> bool:
    # The client of a cluster wraps what its first node says.
    is_wrapped = isinstance(failed, redis.exceptions.RedisClusterException)
    return isinstance(failed, redis.exceptions.ResponseError) or (
        is_wrapped and "no permissions" in str(failed).lower()
    )
