"""An attempt at a new config: build, log in and probe."""

from __future__ import annotations

import dataclasses
from typing import Any

import redis.exceptions

from . import _admission, _clients, _mode, _options
from ._options import Options
from ._secrets import Resolved
from ._server_words import cause_of, is_forbidden, meaning, without
from ._settings import Settings
from .config.model import ComponentConfig, Sentinels, Tcp, Unix
from .errors import ComponentError, ErrorKind

_REFUSALS = (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError)
# The client of a cluster wraps what its last node says in one that is no `RedisError`.
_FAILURES = (redis.exceptions.RedisError, redis.exceptions.RedisClusterException)
_NO_PASSWORD = "without any password configured"  # noqa: S105


def prove(
    resolved: Resolved, settings: Settings, name: str, *, needs_all_slots: bool = True
) -> tuple[Options, Any]:
    """Returns a client that has been proven to work, and how to make more of them.

    Raises an error that says why there is none.
    """
    config = resolved.config
    _admission.check(config, settings)
    endpoint = config.endpoint
    where = f"the server {endpoint}" if isinstance(endpoint, (Tcp, Unix)) else str(endpoint)
    try:
        options, client = _proven(resolved, settings, config.client_name or name, where)
        if isinstance(endpoint, (Tcp, Unix)):
            wrong = _mode.wrong(client, needs_all_slots=needs_all_slots)
            if wrong is not None:
                _clients.close(client)
                raise ComponentError(ErrorKind.SERVER_REFUSED, f"{where} cannot be used: {wrong}")
        return options, client
    except ComponentError:
        raise
    except Exception as failed:
        reason = _innermost(failed)
        if isinstance(reason, ComponentError):
            raise ComponentError(reason.kind, f"{where} cannot be used: {reason.message}") from None
        is_refused = isinstance(reason, _REFUSALS)
        kind = ErrorKind.SERVER_REFUSED if is_refused else ErrorKind.SERVER_UNREACHABLE
        if is_forbidden(reason):
            kind = ErrorKind.FORBIDDEN_BY_POLICY
        what = "refuses the login" if is_refused else "cannot be used"
        said = meaning(reason)
        shown = without(said, _secrets_of(config, where))
        cause = cause_of(failed) if shown == said else None
        raise ComponentError(kind, f"{where} {what}: {shown}") from cause


def _secrets_of(config: ComponentConfig, where: str) -> list[str]:
    """Returns the passwords that servers were sent. One that the config has in a host is known."""
    passwords = [config.password]
    if isinstance(config.endpoint, Sentinels):
        passwords.append(config.endpoint.password)
    texts = (password for password in passwords if isinstance(password, str))
    return [text for text in texts if text.lower() not in where.lower()]


def _proven(
    resolved: Resolved, settings: Settings, name: str | None, where: str
) -> tuple[Options, Any]:
    config = resolved.config
    try:
        return _connected(_options.of(config, resolved.written, settings, name))
    except _RefusedNameError:
        return _proven(resolved, settings, None, where)
    except _FAILURES as failed:
        # A server that wants no password is used without it.
        if config.username is None and config.password and _NO_PASSWORD in str(_innermost(failed)):
            config = dataclasses.replace(config, password=None)
            resolved = dataclasses.replace(resolved, config=config)
            return _proven(resolved, settings, name, where)
        raise


class _RefusedNameError(Exception):
    """The server may not let the connection be named. It is used all the same."""


def _connected(options: Options) -> tuple[Options, Any]:
    client = None
    try:
        client = _clients.build(options)
        client.ping()
    except Exception as failed:
        if client is not None:
            _clients.close(client)
        is_refusal = isinstance(_innermost(failed), redis.exceptions.ResponseError)
        if options.name is not None and is_refusal:
            raise _RefusedNameError from failed
        # Any other refusal shows that the server lives.
        if client is not None and isinstance(failed, redis.exceptions.ResponseError):
            return options, client
        raise
    return options, client


def _innermost(failed: BaseException) -> BaseException:
    is_wrapped = isinstance(failed, redis.exceptions.RedisClusterException)
    return failed.__cause__ if is_wrapped and failed.__cause__ is not None else failed
