"""The fields of a JSON object that are given."""

from __future__ import annotations

from fractions import Fraction

from .._text import has_unprintable
from ..errors import ConfigInvalidError
from . import number

LONGEST_SOCKET = 107
UNPRINTABLE = "has a character in it that is not shown, such as a line end; leave it out"
_NUMBERS = {"port": (1, 65_535), "db": (0, 2**32 - 1)}
_SHORTEST, _LONGEST = 0.001, 600.0


class Given:
    """The fields that are given; `null` counts as absent."""

    def __init__(self, fields: dict[str, object]) -> None:
        self._fields = {name: value for name, value in fields.items() if value is not None}

    def names(self) -> list[str]:
        return list(self._fields)

    def get(self, name: str) -> object:
        return self._fields.get(name)

    def has(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str) -> str | None:
        value = self.get(name)
        if isinstance(value, dict):
            raise ConfigInvalidError(
                f"`{name}` is given by reference, which only a user name or a password can be; "
                "write the text itself"
            )
        if value is None or isinstance(value, str):
            return value
        raise _must_be(name, "text in quotes")

    def filled(self, name: str) -> str | None:
        """Returns the text, unless it is empty."""
        return self.text(name) or None

    def line(self, name: str) -> str | None:
        """Returns text that is shown to people, as a name is, unless it is empty."""
        text = self.text(name)
        if text is not None and has_unprintable(text):
            raise ConfigInvalidError(f"`{name}` {UNPRINTABLE}")
        return text or None

    def path(self, name: str) -> str | None:
        value = self.get(name)
        if value is not None and not isinstance(value, (str, dict)):
            raise _must_be(name, "an absolute path in quotes")
        text = self.text(name)
        return None if text is None else absolute(text, f"`{name}`")

    def flag(self, name: str) -> bool | None:
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise _must_be(name, "true or false")

    def flag_or_number(self, name: str) -> bool | None:
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return value != 0
        raise _must_be(name, "true or false, without quotes")

    def whole(self, name: str) -> int | None:
        value = self.get(name)
        if value is None:
            return None
        least, most = _NUMBERS[name]
        found = number.whole(value)
        if found is not None and least <= found <= most:
            return found
        to = "up" if name == "db" else f"to {most}"
        raise _must_be(name, f"a whole number from {least} {to}")

    def count(self, name: str) -> int | None:
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**64:
            return value
        raise _must_be(name, "a whole number from 1 up")

    def seconds(self, name: str) -> float | None:
        value = self.get(name)
        if value is None:
            return None
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and _SHORTEST <= value <= _LONGEST
        ):
            return _whole_nanoseconds(float(value))
        raise _must_be(name, "a number of seconds from 0.001 to 600")

    def either(self, name: str, one: str, other: str) -> bool | None:
        """Returns `True` for the second of two values that the field may have."""
        value = self.get(name)
        if value is None:
            return None
        if value not in (one, other):
            raise _must_be(name, f'"{one}" or "{other}"')
        return value == other

    def tls_version(self, name: str) -> int | None:
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value in (771, 772):
            return value
        raise _must_be(name, "771 or 772")


def absolute(text: str, what: str) -> str:
    """Returns the path, which is absolute: each process has its own working directory."""
    if has_unprintable(text):
        raise ConfigInvalidError(f"{what} {UNPRINTABLE}")
    if not text.startswith("/"):
        raise ConfigInvalidError(f"{what} is no absolute path; begin it with `/`")
    return text


def both_given(one: str, other: str) -> ConfigInvalidError:
    return ConfigInvalidError(f"`{one}` and `{other}` are both given; keep one of them")


def _must_be(name: str, what: str) -> ConfigInvalidError:
    return ConfigInvalidError(f"`{name}` must be {what}")


def _whole_nanoseconds(seconds: float) -> float:
    """Returns the time as services in other languages keep it, so that digests are the same."""
    nanoseconds = round(Fraction(seconds) * 10**9)
    whole, rest = divmod(nanoseconds, 10**9)
    return whole + rest / 1e9
