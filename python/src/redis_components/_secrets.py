"""What configs refer to that stands elsewhere: secrets, certificates and keys."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
import time
from collections.abc import Iterator

from ._providers import NoLoginError
from ._settings import Login, Settings
from ._text import has_unprintable, printable
from .config.model import ComponentConfig, Sentinels, TlsOptions
from .config.reference import Reference
from .errors import ComponentError, ErrorKind

_LONGEST = 1024 * 1024
# A login is made anew this long before it expires, in seconds.
_IN_TIME = 180.0


@dataclasses.dataclass(frozen=True)
class Resolved:
    """A config with all secrets in it, and what tells whether they have changed."""

    config: ComponentConfig
    written: ComponentConfig
    # The contents of the files of TLS, as hashes.
    files: tuple[str, ...]
    stamps: tuple[object, ...] = dataclasses.field(compare=False)
    # When providers have to be asked again, by the monotonic clock.
    until: float = dataclasses.field(compare=False)


def is_changeable(config: ComponentConfig) -> bool:
    """Returns `True` if anything of the config stands elsewhere."""
    return not config.disabled and (
        any(True for _ in _references(config)) or any(True for _ in _tls_files(config))
    )


def resolve(config: ComponentConfig, settings: Settings) -> Resolved:
    """Reads all that the config refers to, or raises an error with the field and the place."""
    if config.disabled:
        return Resolved(config, config, (), (), float("inf"))
    logins = _Logins(settings)
    stamps = stamps_of(config)
    username, password = logins.of("", config.username, config.password)
    endpoint = config.endpoint
    if isinstance(endpoint, Sentinels):
        name, secret = logins.of("sentinel_", endpoint.username, endpoint.password)
        endpoint = dataclasses.replace(endpoint, username=name, password=secret)
    return Resolved(
        dataclasses.replace(config, endpoint=endpoint, username=username, password=password),
        config,
        tuple(_hash(field, path) for field, path in _tls_files(config)),
        stamps,
        logins.until,
    )


def stamps_of(config: ComponentConfig) -> tuple[object, ...]:
    """Returns what changes when a file of the config changes."""
    paths = [at.place for _, at in _references(config) if at.kind == "file"]
    return tuple(map(_stamp, paths + [path for _, path in _tls_files(config)]))


class _Logins:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._provided: dict[str, Login] = {}
        self.until = float("inf")

    def of(
        self, prefix: str, username: str | Reference | None, password: str | Reference | None
    ) -> tuple[str | None, str | None]:
        provided = None
        if isinstance(password, Reference) and password.kind == "provider":
            provided = self._login(f"{prefix}password", password)
        if username is None and provided is not None:
            name = provided.username
        elif isinstance(username, Reference):
            name = self._text(f"{prefix}username", username)
            if has_unprintable(name):
                raise _unusable(f"{prefix}username", username, "it is not one line of text")
        else:
            name = username
        if isinstance(password, Reference):
            return name, self._text(f"{prefix}password", password)
        return name, password

    def _text(self, field: str, at: Reference) -> str:
        if at.kind == "provider":
            login = self._login(field, at)
            text = login.username if field.endswith("username") else login.password
        elif at.kind == "env":
            text = os.environ.get(at.place)
            if text is None:
                raise _lacking(field, at, "it is not set")
        else:
            text = of_file(field, at)
        if not text:
            raise _unusable(field, at, "it is empty")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _unusable(field, at, "it is not UTF-8") from None
        return text

    def _login(self, field: str, at: Reference) -> Login:
        known = self._provided.get(at.place)
        if known is not None:
            return known
        if at.place not in self._settings.credentials:
            raise _lacking(field, at, "`Settings(credentials=…)` names no such provider")
        try:
            login = self._settings.login_of(at.place)
        except NoLoginError as failed:
            raise _unusable(field, at, str(failed)) from None
        except Exception as failed:
            said = printable(str(failed)) or type(failed).__name__
            raise _unusable(field, at, f"it gives no login: {said}") from failed
        if not isinstance(login, Login) or not isinstance(login.password, str):
            raise _unusable(field, at, "it gives no `Login` with a password as text")
        if login.expires is not None:
            left = login.expires - time.time()
            if not left > 0:
                raise _unusable(field, at, "it gives a login that has expired")
            in_time = max(left / 2, left - max(_IN_TIME, left / 5))
            self.until = min(self.until, time.monotonic() + in_time)
        self._provided[at.place] = login
        return login


def _references(config: ComponentConfig) -> Iterator[tuple[str, Reference]]:
    values = [("username", config.username), ("password", config.password)]
    if isinstance(config.endpoint, Sentinels):
        values.append(("sentinel_username", config.endpoint.username))
        values.append(("sentinel_password", config.endpoint.password))
    for field, value in values:
        if isinstance(value, Reference):
            yield field, value


def _tls_files(config: ComponentConfig) -> Iterator[tuple[str, str]]:
    tls: list[tuple[str, TlsOptions | None]] = [("", config.tls)]
    if isinstance(config.endpoint, Sentinels):
        tls.append(("sentinel_", config.endpoint.tls))
    for prefix, options in tls:
        if options is None:
            continue
        # Whom to trust means nothing if nobody is verified.
        authorities = options.ca_file if options.verifies_certificate else None
        for name, path in (
            ("ssl_ca_certs", authorities),
            ("ssl_certfile", options.cert_file),
            ("ssl_keyfile", options.key_file),
        ):
            if path is not None:
                yield prefix + name, path


def of_file(field: str, at: str | Reference | None) -> str:
    """Returns the text in the file, or raises an error with the field and the place."""
    if not isinstance(at, Reference):
        raise AssertionError("only a reference names a file")
    try:
        text = content_of(field, at.place).decode()
    except UnicodeDecodeError:
        raise _unusable(field, at, "it is not UTF-8") from None
    # Editors and `echo` write a line end.
    text = text[:-1].removesuffix("\r") if text.endswith("\n") else text
    if not text:
        # A file may be seen empty while it is written.
        raise _unusable(field, at, "it is empty")
    return text


def _hash(field: str, path: str) -> str:
    return hashlib.sha256(content_of(field, path)).hexdigest()


def content_of(field: str, path: str) -> bytes:
    """Returns what is in the file, or raises an error with the field and the place."""
    at = Reference("file", path)
    try:
        with open(path, "rb", opener=_at_once) as file:
            # What was opened is looked at: the path may lead to something else by now.
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _unusable(field, at, "it is no file")
            content = file.read(_LONGEST + 1)
    except IsADirectoryError as failed:
        raise _unusable(field, at, "it is no file") from failed
    except (OSError, ValueError) as failed:
        reason = getattr(failed, "strerror", None) or "it cannot be read"
        raise _unusable(field, at, reason) from failed
    if len(content) > _LONGEST:
        raise _unusable(field, at, f"it is longer than {_LONGEST} bytes")
    return content


def _at_once(path: str, flags: int) -> int:
    """Opens without waiting for somebody who writes to a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _stamp(path: str) -> object:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _unusable(field: str, at: Reference, why: str) -> ComponentError:
    """Returns the error of what may be mended where it stands, but for the environment: a process
    has one until it ends."""
    is_fixed = at.kind == "env"
    kind = ErrorKind.CONFIG_INVALID if is_fixed else ErrorKind.REFERENCE_UNAVAILABLE
    return _error(kind, field, at, why)


def _lacking(field: str, at: Reference, why: str) -> ComponentError:
    """Returns the error of what this process does not have."""
    return _error(ErrorKind.CONFIG_INVALID, field, at, why)


def _error(kind: ErrorKind, field: str, at: Reference, why: str) -> ComponentError:
    return ComponentError(kind, f"`{field}` names {at}, which cannot be used: {why}")
