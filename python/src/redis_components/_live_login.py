"""Logins of which parts stand in files: read for each connection."""

from __future__ import annotations

from typing import Any

from redis.credentials import CredentialProvider

from . import _secrets
from .config.reference import Reference
from .errors import ComponentError


class LiveLogin(CredentialProvider):
    """A login that a connection reads when it is made, so that it finds a secret that has just
    changed. If a file cannot be read, what was read last counts."""

    def __init__(
        self,
        written: tuple[str | Reference | None, str | Reference | None],
        last: tuple[str | None, str | None],
    ) -> None:
        self._written = written
        self._last = last

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        names = ("username", "password")
        try:
            username, password = (
                _secrets.of_file(name, part) if _is_file(part) else last
                for name, part, last in zip(names, self._written, self._last)
            )
        except ComponentError:
            username, password = self._last
        return (password or "",) if username is None else (username, password or "")

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        # It is a small file.
        return self.get_credentials()


def options(
    written: tuple[str | Reference | None, str | Reference | None],
    resolved: tuple[str | None, str | None],
) -> dict[str, Any]:
    """Returns what a connection logs in with."""
    if any(_is_file(part) for part in written):
        return {"credential_provider": LiveLogin(written, resolved)}
    return {"username": resolved[0], "password": resolved[1]}


def _is_file(part: str | Reference | None) -> bool:
    return isinstance(part, Reference) and part.kind == "file"
