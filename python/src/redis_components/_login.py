"""Logins of which parts stand elsewhere: read again for each connection."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Union

from redis.credentials import CredentialProvider

from ._text import has_unprintable
from .config import reference
from .config.reference import Reference
from .errors import ComponentError, ErrorKind

_LONGEST = 1024 * 1024
_Written = Union[str, Reference, None]


class Login(CredentialProvider):
    """A user and a password as a config writes them."""

    def __init__(self, username: _Written, password: _Written, prefix: str = "") -> None:
        self._written = {prefix + "username": username, prefix + "password": password}

    def stands_elsewhere(self) -> bool:
        return any(isinstance(part, Reference) for part in self._written.values())

    def options(self) -> dict[str, Any]:
        """Returns what a client of redis-py logs in with."""
        if self.stands_elsewhere():
            return {"credential_provider": self}
        username, password = self._written.values()
        return {"username": username, "password": password}

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Returns the login as it is now."""
        username, password = (_text(field, part) for field, part in self._written.items())
        return (password or "",) if username is None else (username, password or "")

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        # It is a small file.
        return self.get_credentials()


def _text(field: str, part: _Written) -> str | None:
    if not isinstance(part, Reference):
        return part
    try:
        text = _read(part)
    except (OSError, UnicodeError) as wrong:
        what = "is not UTF-8" if isinstance(wrong, UnicodeError) else f"cannot be read: {wrong}"
        raise _unusable(field, part, what) from None
    except LookupError as wrong:
        raise _unusable(field, part, str(wrong.args[0])) from None
    if not text:
        # A file may be seen empty while it is written.
        raise _unusable(field, part, "is empty")
    if field.endswith("username") and has_unprintable(text):
        raise _unusable(field, part, "has a character in it that is not shown")
    return text


def _read(at: Reference) -> str:
    if at.key == reference.PROVIDER:
        raise LookupError("services in Python do not have")
    if at.key == reference.ENV:
        value = os.environb.get(os.fsencode(at.place))
        if value is None:
            raise LookupError("is not set")
        return value.decode()
    path = Path(at.place)
    # A pipe would be waited for.
    if path.exists() and not path.is_file():
        raise LookupError("cannot be read: it is no file")
    with path.open("rb") as file:
        content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise LookupError("is longer than 1 MiB")
    text = content.decode()
    return text[:-1].removesuffix("\r") if text.endswith("\n") else text


def _unusable(field: str, at: Reference, what: str) -> ComponentError:
    return ComponentError(ErrorKind.CONFIG_INVALID, f"`{field}` names {at}, which {what}")
