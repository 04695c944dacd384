"""A value that stands elsewhere: in the environment, in a file, or with the application."""

from __future__ import annotations

import dataclasses
import difflib

from .._text import has_unprintable, printable
from ..errors import ConfigInvalidError

ENV, FILE, PROVIDER = _KEYS = ("env", "file", "provider")
FORM = '{"env": "NAME"}, {"file": "/path"} or {"provider": "name"}'
_UNPRINTABLE = "has a character in it that is not shown, such as a line end; leave it out"


@dataclasses.dataclass(frozen=True)
class Reference:
    """Where a value stands that is not in the config. It holds no secret."""

    key: str
    place: str

    def __str__(self) -> str:
        what = {ENV: "the environment variable", FILE: "the file", PROVIDER: "the provider"}
        return f"{what[self.key]} {printable(self.place)}"

    def write(self) -> dict[str, str]:
        return {self.key: self.place}


def read(name: str, fields: dict[str, object]) -> Reference:
    """Reads the reference in the field `name`. Errors contain none of its values."""
    if not fields:
        raise ConfigInvalidError(f"`{name}` is an empty reference; write {FORM}")
    for key in fields:
        if key not in _KEYS:
            meant = difflib.get_close_matches(key.strip().lower(), _KEYS, 1)
            hint = f"did you mean `{meant[0]}`?" if meant else f"write {FORM}"
            raise ConfigInvalidError(
                f"`{name}` has `{printable(key)}`, which refers to nothing; {hint}"
            )
    # Other languages may keep the fields of an object in order.
    keys = sorted(fields)
    if len(keys) > 1:
        raise ConfigInvalidError(
            f"`{name}` gives both `{keys[0]}` and `{keys[1]}`; keep one of them"
        )
    key, place = next(iter(fields.items()))
    if not isinstance(place, str):
        raise ConfigInvalidError(f"`{name}` gives `{key}`, which must be text in quotes")
    if not place:
        raise ConfigInvalidError(f"`{name}` gives an empty `{key}`; write {FORM}")
    if key == ENV and (has_unprintable(place) or "=" in place):
        raise ConfigInvalidError(
            f"`{name}` gives `{key}`, which is no name of an environment variable"
        )
    if has_unprintable(place):
        raise ConfigInvalidError(f"`{name}` gives `{key}`, which {_UNPRINTABLE}")
    if key == FILE and not place.startswith("/"):
        raise ConfigInvalidError(
            f"`{name}` gives `{key}`, which is no absolute path; begin it with `/`"
        )
    return Reference(key, place)
