"""A config as JSON text."""

from __future__ import annotations

import json
import math

from .._text import WHITE_SPACE, printable
from ..errors import ConfigInvalidError
from . import fields
from .model import ComponentConfig

_FORM = '{"host": "…", "port": …}'
_DEEPEST = 127
_OTHER_QUOTES = "'‘’“”„«»"


class _DuplicateError(ValueError):
    pass


class _NumberError(ValueError):
    pass


def parse(text: str) -> ComponentConfig:
    """Returns the config that the text means. Errors contain none of the text's values."""
    return fields.read(parse_object(text))


def parse_object(text: str) -> dict[str, object]:
    """Returns the fields of an object."""
    value = parse_value(text)
    if not isinstance(value, dict):
        raise ConfigInvalidError(
            _mistake(text) or f"the value is not a JSON object; write it as {_FORM}"
        )
    return value


def parse_value(text: str) -> object:
    """Returns what the text means, as strictly as parsers in other languages read JSON."""
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except _DuplicateError as twice:
        raise ConfigInvalidError(f"`{printable(str(twice))}` is given twice") from None
    except RecursionError:
        raise ConfigInvalidError("the value is not JSON: it is nested too deeply") from None
    except json.JSONDecodeError as wrong:
        # Python has fixed texts for wrong syntax, which contain nothing from the user.
        place = f"(line {wrong.lineno} column {wrong.colno})"
        raise ConfigInvalidError(
            _mistake(text) or f"the value is not JSON: {wrong.msg.lower()} {place}"
        ) from None
    except _NumberError as wrong:
        raise ConfigInvalidError(_mistake(text) or f"the value is not JSON: {wrong}") from None
    _check(value)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names: dict[str, object] = {}
    for name, value in pairs:
        if name in names:
            raise _DuplicateError(name)
        names[name] = value
    return names


def _integer(digits: str) -> object:
    # Other parsers keep a number that is too long as a float, and Python refuses to read it.
    return int(digits) if len(digits) <= 20 else _float(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NumberError("number out of range")
    return number


def _constant(_: str) -> object:
    raise _NumberError("expected value")


def _check(value: object) -> None:
    """Refuses what Python alone reads: half of a character, and nesting without end."""
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
                inner += item.keys()
            elif isinstance(item, list):
                inner += item
            elif isinstance(item, str):
                try:
                    item.encode()
                except UnicodeEncodeError:
                    raise ConfigInvalidError(
                        "the value is not JSON: a surrogate stands alone"
                    ) from None
        level = inner
    if any(isinstance(item, (dict, list)) for item in level):
        raise ConfigInvalidError("the value is not JSON: recursion limit exceeded")


def _mistake(text: str) -> str | None:
    """Returns the advice for a common mistake, if the text is one."""
    trimmed = text.strip(WHITE_SPACE)
    unquoted = trimmed[1:] if trimmed.startswith('"') else trimmed
    if text.startswith("\ufeff"):
        return "the value begins with a byte order mark; write it without one"
    if "\0" in text:
        return (
            "the value is not JSON in UTF-8: it has NUL characters, as UTF-16 text has; "
            "write it as UTF-8"
        )
    if not trimmed:
        return f"the value is empty; write it as {_FORM}"
    scheme, separator, _ = unquoted.partition("://")
    if separator and scheme.isascii() and scheme.replace("+", "a").isalpha():
        return 'the value is a url; write it as {"url": "…"}'
    if unquoted is not trimmed and unquoted.lstrip(WHITE_SPACE).startswith("{"):
        return "the value is JSON in quotes; write the object itself, without quotes around it"
    if trimmed.startswith("'"):
        return "the value has single quotes around it; leave them out"
    inner = trimmed[1:].lstrip(WHITE_SPACE)
    if trimmed.startswith("{") and inner and inner[0] in _OTHER_QUOTES:
        return 'the value is not JSON; write names and text in double quotes (")'
    return None
