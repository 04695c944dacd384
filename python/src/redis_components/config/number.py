"""Whole numbers, as JSON or in quotes."""

from __future__ import annotations

# Up to here every whole number has its own float.
_EXACT = 2.0**53
_MOST = 2**64 - 1


def whole(value: object) -> int | None:
    """Returns the whole number that the value stands for: `6379`, `6379.0`, `"6379"`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value <= _MOST else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and 0.0 <= value <= _EXACT else None
    if isinstance(value, str):
        return digits(value.strip(" \t\n\x0c\r"))
    return None


def digits(text: str) -> int | None:
    """Returns the text as a number, if it has only digits."""
    if not (text.isascii() and text.isdigit()):
        return None
    text = text.lstrip("0") or "0"
    # A longer one is out of range, and takes long to convert.
    number = int(text) if len(text) <= 20 else _MOST + 1
    return number if number <= _MOST else None


def port(number: int | None) -> int | None:
    return number if number is not None and 0 < number < 65_536 else None


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
