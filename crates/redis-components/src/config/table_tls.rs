//! The fields that say how TLS is spoken.

use super::field::{Effect, Field, Kind};

pub(super) const SSL: Field = Field {
    default: "`false`",
    ..Field::used(
        "ssl",
        Kind::FlagOrNumber,
        "`true` for TLS; with `false` the other fields of TLS have no meaning",
        &["tls", "use_ssl", "use_tls"],
    )
};
pub(super) const SSL_CA_CERTS: Field = Field {
    default: "whom the system trusts",
    ..of_tls(
        "ssl_ca_certs",
        Kind::Path,
        "a PEM file with the certificates to trust, which every process that uses the config reads",
        &["ssl_ca", "ssl_ca_file", "ssl_cafile", "ca_certs"],
    )
};
pub(super) const SSL_CA_DATA: Field = Field {
    default: "whom the system trusts",
    ..of_tls(
        "ssl_ca_data",
        Kind::Text,
        "the certificates to trust, as text in PEM; with `ssl_ca_certs`, both are trusted",
        &["ssl_ca_cert_data"],
    )
};
pub(super) const SSL_CERTFILE: Field = of_tls(
    "ssl_certfile",
    Kind::Path,
    "a PEM file with the client's certificate, for a server that asks for one",
    &["ssl_cert", "ssl_cert_file", "ssl_client_cert"],
);
pub(super) const SSL_KEYFILE: Field = Field {
    default: "`ssl_certfile`, which may hold both",
    ..of_tls(
        "ssl_keyfile",
        Kind::Path,
        "a PEM file with the key of that certificate, not encrypted",
        &["ssl_key", "ssl_key_file", "ssl_client_key"],
    )
};
pub(super) const SSL_SERVER_NAME: Field = Field {
    default: "`host`",
    ..of_tls(
        "ssl_server_name",
        Kind::Text,
        "the name that the server's certificate must have; redis-py has no such field",
        &["sni", "server_name", "ssl_hostname"],
    )
};
pub(super) const SSL_MIN_VERSION: Field = Field {
    default: "771",
    ..of_tls(
        "ssl_min_version",
        Kind::TlsVersion,
        "the oldest version that is spoken: 771 is TLS 1.2 and 772 is TLS 1.3",
        &["tls_min_version"],
    )
};
pub(super) const SSL_CERT_REQS: Field = Field {
    default: "`\"required\"`",
    ..of_tls(
        "ssl_cert_reqs",
        Kind::Either("\"required\"", "\"none\""),
        "that the server's certificate is verified; `\"none\"` needs a policy that allows it",
        &["ssl_verify"],
    )
};
pub(super) const SSL_CHECK_HOSTNAME: Field = Field {
    default: "`true`",
    ..of_tls(
        "ssl_check_hostname",
        Kind::Flag,
        "that the certificate is for the server's name; `false` needs a policy that allows it",
        &[],
    )
};

pub(super) const OF_OPENSSL: &str =
    "leave it out: it is an option of OpenSSL, which is not used here";
pub(super) const NO_OCSP: &str =
    "leave it out: OCSP is not asked here, so renew certificates often instead";

const fn of_tls(
    name: &'static str,
    kind: Kind,
    meaning: &'static str,
    also: &'static [&'static str],
) -> Field {
    Field {
        effect: Effect::OfTls,
        ..Field::used(name, kind, meaning, also)
    }
}
