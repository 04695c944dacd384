//! The fields that name sentinels, and say how to reach them.

use super::field::{Field, Kind};
use super::table_tls;

pub(super) const SENTINELS: Field = Field::used(
    "sentinels",
    Kind::Servers,
    "the sentinels to ask for the server, instead of `host`; a port that is left out is 26379",
    &["sentinel", "sentinel_hosts"],
);
pub(super) const SERVICE_NAME: Field = Field::used(
    "service_name",
    Kind::Text,
    "the name that the sentinels know the server by; required beside `sentinels`",
    &["service", "master_name", "sentinel_master", "primary_name"],
);
pub(super) const SENTINEL_USERNAME: Field = Field::used(
    "sentinel_username",
    Kind::TextOrReference,
    "the ACL user to log in to the sentinels as",
    &["sentinel_user"],
);
pub(super) const SENTINEL_PASSWORD: Field = Field::used(
    "sentinel_password",
    Kind::TextOrReference,
    "the password to log in to the sentinels with; they never get `password`",
    &["sentinel_pass", "sentinel_auth"],
);
pub(super) const SENTINEL_KWARGS: Field = Field::used(
    "sentinel_kwargs",
    Kind::Object,
    "login and TLS for the sentinels as redis-py takes them, under the names that they have for the server",
    &[],
);
pub(super) const SENTINEL_SSL: Field = Field {
    default: "`false`",
    ..of_tls(
        "sentinel_ssl",
        &table_tls::SSL,
        "`true` for TLS to the sentinels",
    )
};
pub(super) const SENTINEL_SSL_CA_CERTS: Field = of_tls(
    "sentinel_ssl_ca_certs",
    &table_tls::SSL_CA_CERTS,
    "as `ssl_ca_certs`, for the sentinels",
);
pub(super) const SENTINEL_SSL_CA_DATA: Field = of_tls(
    "sentinel_ssl_ca_data",
    &table_tls::SSL_CA_DATA,
    "as `ssl_ca_data`, for the sentinels",
);
pub(super) const SENTINEL_SSL_CERTFILE: Field = of_tls(
    "sentinel_ssl_certfile",
    &table_tls::SSL_CERTFILE,
    "as `ssl_certfile`, for the sentinels",
);
pub(super) const SENTINEL_SSL_KEYFILE: Field = of_tls(
    "sentinel_ssl_keyfile",
    &table_tls::SSL_KEYFILE,
    "as `ssl_keyfile`, for the sentinels",
);
pub(super) const SENTINEL_SSL_SERVER_NAME: Field = of_tls(
    "sentinel_ssl_server_name",
    &table_tls::SSL_SERVER_NAME,
    "as `ssl_server_name`, for the sentinels",
);
pub(super) const SENTINEL_SSL_MIN_VERSION: Field = of_tls(
    "sentinel_ssl_min_version",
    &table_tls::SSL_MIN_VERSION,
    "as `ssl_min_version`, for the sentinels",
);
pub(super) const SENTINEL_SSL_CERT_REQS: Field = of_tls(
    "sentinel_ssl_cert_reqs",
    &table_tls::SSL_CERT_REQS,
    "as `ssl_cert_reqs`, for the sentinels",
);
pub(super) const SENTINEL_SSL_CHECK_HOSTNAME: Field = of_tls(
    "sentinel_ssl_check_hostname",
    &table_tls::SSL_CHECK_HOSTNAME,
    "as `ssl_check_hostname`, for the sentinels",
);

/// Fields that have a meaning beside [`SENTINELS`] only.
pub(super) const OF_SENTINELS: [Field; 13] = [
    SERVICE_NAME,
    SENTINEL_USERNAME,
    SENTINEL_PASSWORD,
    SENTINEL_KWARGS,
    SENTINEL_SSL,
    SENTINEL_SSL_CA_CERTS,
    SENTINEL_SSL_CA_DATA,
    SENTINEL_SSL_CERTFILE,
    SENTINEL_SSL_KEYFILE,
    SENTINEL_SSL_SERVER_NAME,
    SENTINEL_SSL_MIN_VERSION,
    SENTINEL_SSL_CERT_REQS,
    SENTINEL_SSL_CHECK_HOSTNAME,
];

const fn of_tls(name: &'static str, like: &Field, meaning: &'static str) -> Field {
    Field::used(name, like.kind, meaning, &[])
}
