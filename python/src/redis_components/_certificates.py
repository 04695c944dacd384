"""Certificates and keys in PEM, as a config names them."""

from __future__ import annotations

import re
import ssl

from . import _secrets
from .config.model import TlsOptions
from .errors import ComponentError, ErrorKind

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_KEY = re.compile(b"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_ENCRYPTED = "has an encrypted key, which is not supported; decrypt it, and protect the file"


class Pem:
    """What a field has of certificates or keys."""

    def __init__(self, field: str, *, file: str | None = None, text: str = "") -> None:
        self._field = f"`{field}`" if file is None else f"`{field}` ({file})"
        # A file may be written anew.
        self._kind = ErrorKind.CONFIG_INVALID if file is None else ErrorKind.REFERENCE_UNAVAILABLE
        self._content = text.encode() if file is None else _secrets.content_of(field, file)

    def chain(self) -> str:
        """Returns the certificates, without what stands around them: people name each in their own
        language."""
        # A regular expression would look for an end after each beginning.
        parts = self._content.split(_END)[:-1]
        found = b"\n".join(part[part.index(_BEGIN) :] + _END for part in parts if _BEGIN in part)
        if not found:
            raise self.unusable("has no certificate in PEM")
        if not found.isascii():
            raise self.unusable("is not PEM")
        return found.decode("ascii")

    def demand_key(self, otherwise: str = "") -> None:
        """Raises an error if there is no key that can be used, which says what to do instead."""
        if b"ENCRYPTED" in self._content:
            raise self.unusable(_ENCRYPTED)
        if _KEY.search(self._content) is None:
            raise self.unusable(f"has no private key in PEM{otherwise}")

    def unusable(self, what: str) -> ComponentError:
        return ComponentError(self._kind, f"{self._field} {what}")


def trust(context: ssl.SSLContext, options: TlsOptions, prefix: str) -> None:
    """Has those trusted whom the config names, or whom the system trusts if it names nobody."""
    given = []
    if options.ca_file is not None:
        given.append(Pem(f"{prefix}ssl_ca_certs", file=options.ca_file))
    if options.ca_data is not None:
        given.append(Pem(f"{prefix}ssl_ca_data", text=options.ca_data))
    for pem in given:
        try:
            context.load_verify_locations(cadata=pem.chain())
        except ssl.SSLError as wrong:
            what = "has a certificate that cannot be read; write it anew"
            raise pem.unusable(what) from wrong
    if not given:
        context.load_default_certs()


def identify(context: ssl.SSLContext, options: TlsOptions, prefix: str) -> None:
    """Takes the certificate that the config has for us, and its key."""
    if options.cert_file is None:
        return
    certificate = Pem(f"{prefix}ssl_certfile", file=options.cert_file)
    certificate.chain()
    field = f"{prefix}ssl_keyfile"
    if options.key_file is None:
        key = certificate
        key.demand_key(f"; name the file of its key as `{field}`")
    else:
        key = Pem(field, file=options.key_file)
        key.demand_key()
    try:
        context.load_cert_chain(options.cert_file, options.key_file, _no_password)
    except (OSError, ValueError) as wrong:
        what = f"and the certificate of `{prefix}ssl_certfile` do not fit, or cannot be read"
        raise key.unusable(what) from wrong


def _no_password() -> str:
    # OpenSSL would ask for one at the terminal.
    raise ssl.SSLError(_ENCRYPTED)
