"""What a config may ask for, as far as the application says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ._settings import Settings
from .config.model import ComponentConfig, Sentinels, TlsOptions, Unix
from .errors import ComponentError, ErrorKind


def check(config: ComponentConfig, settings: Settings) -> None:
    """Raises an error if the settings do not allow what the config asks for."""
    endpoint = config.endpoint
    folders = settings.allow_unix_sockets_under
    if isinstance(endpoint, Unix) and folders and not _is_under(endpoint.path, folders):
        raise _forbidden(
            "the config names a unix socket outside of the folders that are allowed; allow its "
            "folder by `Settings(allow_unix_sockets_under=…)`"
        )
    tls = [config.tls]
    if isinstance(endpoint, Sentinels):
        tls.append(endpoint.tls)
    if not settings.allow_unverified_tls and any(map(_is_unverified, tls)):
        raise _forbidden(
            "the config asks for TLS without verification; allow it by "
            "`Settings(allow_unverified_tls=True)`"
        )


def _is_unverified(tls: TlsOptions | None) -> bool:
    return tls is not None and not (tls.verifies_certificate and tls.checks_host_name)


def _is_under(path: str, folders: Sequence[str]) -> bool:
    # A link may lead elsewhere.
    real = Path(os.path.realpath(path))
    return any(Path(os.path.realpath(folder)) in real.parents for folder in folders)


def _forbidden(message: str) -> ComponentError:
    return ComponentError(ErrorKind.FORBIDDEN_BY_POLICY, message)
