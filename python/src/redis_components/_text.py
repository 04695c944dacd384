"""Text from servers and configs, made fit for one line of a log."""

from __future__ import annotations

import ssl
import unicodedata

_LIMIT = 128
_REORDERS = frozenset(
    "\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# The white space of Unicode. `str.strip` takes four control characters more.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
)


def is_control(char: str) -> bool:
    return unicodedata.category(char) == "Cc"


def is_unprintable(char: str) -> bool:
    """Returns `True` if the character ends a line, steers a terminal or reorders what is shown."""
    return is_control(char) or char in _REORDERS


def has_unprintable(text: str) -> bool:
    return any(is_unprintable(char) for char in text)


def printable(text: str) -> str:
    """Returns the text on one line, with control characters escaped, and cut."""
    shown = "".join(
        char.encode("unicode_escape").decode() if is_unprintable(char) else char
        for char in text[:_LIMIT]
    )
    shown = shown.encode("utf-8", "backslashreplace").decode()
    return shown + "…" if len(text) > _LIMIT else shown


def certificate_of(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Returns the error of a certificate among the causes of an error."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
