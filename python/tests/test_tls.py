"""Certificates and keys that a config names."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from redis_components import ComponentError, Components, ErrorKind
from redis_components._tls import Tls
from redis_components.config import from_json
from servers import Server
from test_calls import KEY, port_of

Start = Callable[..., Server]
Make = Callable[..., Components]

# It signs itself, and nobody has its key.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBjjCCATOgAwIBAgIUGc6PI72+d1msyTUbBPfSZ0QCmrIwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQcmVkaXMtY29tcG9uZW50czAgFw0yNjExMjgwODAwMDdaGA8y
MTI2MTEwNDA4MDAwN1owGzEZMBcGA1UEAwwQcmVkaXMtY29tcG9uZW50czBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABCP0uVACng9MWoX+L0VhX0x5Z90RUIT9VeT4
fFf4JV38NyC9NoE2SFhCjRPvqeAPQ4Y0S5A0P/0j4luUGNNJHhGjUzBRMB0GA1Ud
DgQWBBTY4FY40+lrgEhiEPTijq4TLpopqDAfBgNVHSMEGDAWgBTY4FY40+lrgEhi
EPTijq4TLpopqDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCb
mGEBfeIeF3jLDqN67+MNHrH4PyPAI23w3lLZE94c1QIhAJnMRQFWIj+6vhD0ZocE
+sU3o5JGJgNaJJVakwBQ7AIp
-----END CERTIFICATE-----
"""
BROKEN = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
LETTERS = BROKEN.format("QQé=")


def tls(**fields: Any) -> Tls:
    options = from_json(json.dumps({"host": "h", "ssl": True, **fields})).tls
    assert options is not None
    return Tls(options)


@pytest.mark.parametrize("is_file", [False, True])
def test_r13_certificates_may_have_names_in_any_language(is_file: bool, tmp_path: Path) -> None:
    text = f"# Ünïcode Müller CA\r\n{CERTIFICATE}# Конец\n{CERTIFICATE}"
    (tmp_path / "ca.pem").write_text(text, "utf-8")
    fields = {"ssl_ca_certs": f"{tmp_path}/ca.pem"} if is_file else {"ssl_ca_data": text}
    (trusted,) = tls(**fields).context.get_ca_certs()
    assert trusted["subject"] == ((("commonName", "redis-components"),),)


def test_r10_a_file_of_certificates_without_an_end_is_read_in_no_time(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(BROKEN[:28] * 8192)
    began = time.process_time()
    with pytest.raises(ComponentError, match="has no certificate in PEM"):
        tls(ssl_ca_certs=f"{tmp_path}/ca.pem")
    assert time.process_time() - began < 1


def test_r5_a_certificate_without_an_end_is_not_passed_over() -> None:
    with pytest.raises(ComponentError, match="has a certificate that cannot be read"):
        tls(ssl_ca_data=f"{BROKEN[:28]}QQ==\n{CERTIFICATE}")


@pytest.mark.parametrize(
    ("field", "content", "reason"),
    [
        ("ssl_ca_data", LETTERS, "`ssl_ca_data` is not PEM"),
        ("ssl_ca_data", BROKEN.format("QQ=="), "`ssl_ca_data` has a certificate that cannot"),
        ("ssl_ca_data", BROKEN[:30], "`ssl_ca_data` has no certificate in PEM"),
        ("ssl_ca_certs", LETTERS, "`ssl_ca_certs` (FILE) is not PEM"),
        ("ssl_ca_certs", "é", "`ssl_ca_certs` (FILE) has no certificate in PEM"),
        ("ssl_certfile", "é", "`ssl_certfile` (FILE) has no certificate in PEM"),
        ("ssl_certfile", CERTIFICATE, "(FILE) has no private key in PEM; name the file of its key"),
        ("ssl_keyfile", CERTIFICATE, "`ssl_keyfile` (FILE) has no private key in PEM"),
        (
            "ssl_keyfile",
            "-----BEGIN PRIVATE KEY-----\nQQé=\n-----END PRIVATE KEY-----\n",
            "`ssl_keyfile` (FILE) and the certificate of `ssl_certfile` do not fit",
        ),
        (
            "ssl_keyfile",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nQQ==\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "`ssl_keyfile` (FILE) has an encrypted key",
        ),
        ("ssl_server_name", "x" * 64, "`ssl_server_name` is no name that a certificate can"),
    ],
)
@pytest.mark.parametrize("of_sentinels", [False, True])
def test_r5_what_cannot_be_used_for_tls_is_named(
    field: str,
    content: str,
    reason: str,
    of_sentinels: bool,
    tmp_path: Path,
    config_server: Server,
    components: Make,
) -> None:
    file = tmp_path / "x.pem"
    file.write_text(content, "utf-8")
    is_text = field in ("ssl_ca_data", "ssl_server_name")
    fields: dict[str, Any] = {"ssl": True, field: content if is_text else str(file)}
    if field == "ssl_keyfile":
        (tmp_path / "certificate.pem").write_text(CERTIFICATE)
        fields["ssl_certfile"] = f"{tmp_path}/certificate.pem"
    place: dict[str, Any] = {"host": "127.0.0.1", "port": 1}
    if of_sentinels:
        place = {"sentinels": ["127.0.0.1:1"], "service_name": "main"}
        fields = {f"sentinel_{name}": value for name, value in fields.items()}
        reason = reason.replace("`ssl_", "`sentinel_ssl_")
    config_server.client.set(KEY, json.dumps({**place, **fields}))
    with pytest.raises(ComponentError) as refused:
        port_of(components())()
    kind = ErrorKind.CONFIG_INVALID if is_text else ErrorKind.REFERENCE_UNAVAILABLE
    assert refused.value.kind is kind
    assert reason.replace("FILE", str(file)) in str(refused.value)


def test_r5_a_broken_certificate_leaves_the_last_good_config(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()
    port = port_of(made, wait=0)
    assert port() == a.port
    config_server.client.set(KEY, a.config(ssl=True, ssl_ca_data=LETTERS))
    assert port() == a.port
    assert made.status()[0].problem == "`ssl_ca_data` is not PEM"


def test_r13_a_certificate_is_for_a_name_without_its_end() -> None:
    assert tls().name_for("server.example.") == "server.example"
    assert tls().name_for("fe80::1%eth0") == "fe80::1"
    assert tls(ssl_server_name="other.example.").name_for("h") == "other.example"
