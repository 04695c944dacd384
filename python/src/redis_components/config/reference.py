"""A value that stands elsewhere: in the environment, in a file, or with the application."""

from __future__ import annotations

import dataclasses

from .._text import has_unprintable, printable
from ..errors import ConfigInvalidError
from . import table
from .given import UNPRINTABLE, Given, absolute

_KEYS = ("env", "file", "provider")
_FORM = '{"env": "NAME"}, {"file": "/path"} or {"provider": "name"}'
_PEOPLE = {"env": "the environment variable", "file": "the file", "provider": "the provider"}


@dataclasses.dataclass(frozen=True)
class Reference:
    """Where a value stands that is not in the config. It holds no secret."""

    # `env`, `file` or `provider`.
    kind: str
    place: str

    def __str__(self) -> str:
        return f"{_PEOPLE[self.kind]} {printable(self.place)}"


def written(given: Given, name: str) -> str | Reference | None:
    """Returns text that may stand elsewhere, unless it is empty."""
    value = given.get(name)
    if isinstance(value, dict):
        return _read(name, value)
    if value is not None and not isinstance(value, str):
        raise ConfigInvalidError(f"`{name}` must be text in quotes, or {_FORM}")
    return given.line(name) if name == "username" else given.filled(name)


def write(value: str | Reference | None) -> object:
    """Returns what JSON means the value."""
    return {value.kind: value.place} if isinstance(value, Reference) else value


def _read(name: str, fields: dict[str, object]) -> Reference:
    if not fields:
        raise ConfigInvalidError(f"`{name}` is an empty reference; write {_FORM}")
    for unknown in fields:
        if unknown not in _KEYS:
            meant = table.nearest_of(unknown.strip().lower(), _KEYS, 2)
            hint = f"did you mean `{meant}`?" if meant else f"write {_FORM}"
            # Anything but a word may be a secret in the wrong place.
            is_word = len(unknown) <= 16 and unknown.isascii() and unknown.isalpha()
            is_word = is_word and unknown.islower()
            shown = f"has `{unknown}`, which refers" if is_word else "has a name that refers"
            raise ConfigInvalidError(f"`{name}` {shown} to nothing; {hint}")
    kind, *others = fields
    if others:
        one, other = sorted([kind, others[0]])
        raise ConfigInvalidError(f"`{name}` gives both `{one}` and `{other}`; keep one of them")
    place = fields[kind]
    if not isinstance(place, str):
        raise ConfigInvalidError(f"`{name}` gives `{kind}`, which must be text in quotes")
    if not place:
        raise ConfigInvalidError(f"`{name}` gives an empty `{kind}`; write {_FORM}")
    if kind == "file":
        absolute(place, f"`{name}` gives `file`, which")
    elif kind == "provider" and has_unprintable(place):
        raise ConfigInvalidError(f"`{name}` gives `provider`, which {UNPRINTABLE}")
    elif kind == "env" and (has_unprintable(place) or "=" in place):
        raise ConfigInvalidError(
            f"`{name}` gives `env`, which is no name of an environment variable"
        )
    return Reference(kind, place)
