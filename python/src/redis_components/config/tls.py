"""How TLS is spoken, from the fields of a JSON object and back."""

from __future__ import annotations

from ..errors import ConfigInvalidError
from . import host, table
from .given import Given
from .model import TlsOptions

_TLS_1_2, _TLS_1_3 = 771, 772


def read(given: Given, of_url: bool | None) -> TlsOptions | None:
    """Returns the options of TLS, if the fields ask for it. `of_url`: what a url's scheme says."""
    ssl = given.flag_or_number("ssl")
    if of_url is True and ssl is False:
        raise ConfigInvalidError("`url` asks for TLS and `ssl` is false; keep one of them")
    if of_url is False and ssl is True:
        raise ConfigInvalidError(
            "`ssl` is true and `url` does not begin with rediss://; write it so"
        )
    wanted = True if of_url and ssl is None else ssl
    if wanted:
        return _options(given)
    if wanted is None:
        # Somebody who writes options of TLS wants TLS, and plain text must not take its place.
        for name in (*table.OF_TLS, *table.UNUSABLE_OF_TLS):
            if given.has(name):
                raise ConfigInvalidError(
                    f"`{name}` is an option of TLS, and `ssl` is not given; "
                    'write "ssl": true for TLS, or false for plain text'
                )
    return None


def _options(given: Given) -> TlsOptions:
    for name, instead in table.UNUSABLE_OF_TLS.items():
        # redis-py's defaults ask for nothing.
        if given.has(name) and given.get(name) is not False:
            raise ConfigInvalidError(f"`{name}` cannot be used with TLS here; {instead}")
    verifies = not given.either("ssl_cert_reqs", "required", "none")
    checks_name = given.flag("ssl_check_hostname")
    ca_data = given.text("ssl_ca_data")
    if ca_data is not None:
        if "PRIVATE KEY" in ca_data:
            raise ConfigInvalidError("`ssl_ca_data` holds a private key; write certificates only")
        if "-----BEGIN CERTIFICATE-----" not in ca_data:
            raise ConfigInvalidError(
                "`ssl_ca_data` has no certificate in PEM; name a file as `ssl_ca_certs`"
            )
    cert_file, key_file = given.path("ssl_certfile"), given.path("ssl_keyfile")
    if cert_file is None and key_file is not None:
        raise ConfigInvalidError("`ssl_keyfile` is given without `ssl_certfile`; write both")
    server_name = given.text("ssl_server_name")
    if server_name is not None:
        try:
            server_name = host.check(server_name)
        except host.HostError as wrong:
            raise ConfigInvalidError(f"`ssl_server_name` {wrong}") from None
    return TlsOptions(
        ca_file=given.path("ssl_ca_certs"),
        ca_data=ca_data,
        cert_file=cert_file,
        key_file=key_file,
        server_name=server_name,
        min_version=given.tls_version("ssl_min_version") or _TLS_1_2,
        verifies_certificate=verifies,
        # Whose name is in a certificate that is not verified means nothing.
        checks_host_name=checks_name is not False or not verifies,
    )


def write(tls: TlsOptions | None) -> dict[str, object]:
    """Returns the shortest fields that mean the options."""
    if tls is None:
        return {}
    fields: dict[str, object] = {
        "ssl": True,
        "ssl_ca_certs": tls.ca_file,
        "ssl_ca_data": tls.ca_data,
        "ssl_certfile": tls.cert_file,
        "ssl_keyfile": tls.key_file,
        "ssl_server_name": tls.server_name,
        "ssl_min_version": tls.min_version if tls.min_version == _TLS_1_3 else None,
        "ssl_cert_reqs": None if tls.verifies_certificate else "none",
        "ssl_check_hostname": None if tls.checks_host_name else False,
    }
    return {name: value for name, value in fields.items() if value is not None}
