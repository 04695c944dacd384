//! Reads how TLS is spoken from the fields of a JSON object.

use serde_json::{Map, Value, json};

use super::field::{Effect, Field, TLS_1_3};
use super::given::Given;
use super::host;
use super::path::WrittenPath;
use super::table::FIELDS;
use super::table_tls::{self as table, SSL};
use super::tls::{TlsOptions, TlsVersion};

/// Returns the options of TLS, if the fields ask for TLS. `of_url` is what the scheme of a `url`
/// says.
///
/// # Errors
///
/// Returns the reason if the fields are refused. It contains none of their values.
pub(super) fn read(given: &Given<'_>, of_url: Option<bool>) -> Result<Option<TlsOptions>, String> {
    let ssl = given.flag(&SSL)?;
    let wanted = match (of_url, ssl) {
        (Some(true), Some(false)) => {
            return Err("`url` asks for TLS and `ssl` is false; keep one of them".into());
        }
        (Some(false), Some(true)) => {
            return Err(
                "`ssl` is true and `url` does not begin with rediss://; write it so".into(),
            );
        }
        (Some(true), None) => Some(true),
        (_, ssl) => ssl,
    };
    match wanted {
        Some(true) => options(given).map(Some),
        // The others have no meaning then.
        Some(false) => Ok(None),
        // Somebody who writes options of TLS wants TLS, and plain text must not take its place.
        None => match of_tls().find(|field| given.has(field)) {
            Some(field) => Err(format!(
                "`{}` is an option of TLS, and `ssl` is not given; write \"ssl\": true for TLS, or false for plain text",
                field.name
            )),
            None => Ok(None),
        },
    }
}

/// Returns the fields that mean something with TLS only.
fn of_tls() -> impl Iterator<Item = &'static Field> {
    let is_of_tls = |effect| matches!(effect, Effect::OfTls | Effect::UnusableOfTls(_));
    FIELDS.iter().filter(move |field| is_of_tls(field.effect))
}

fn options(given: &Given<'_>) -> Result<TlsOptions, String> {
    for field in FIELDS {
        // redis-py's defaults ask for nothing.
        let asks = given.get(field).is_some_and(|value| *value != json!(false));
        if let (true, Effect::UnusableOfTls(instead)) = (asks, field.effect) {
            return Err(format!(
                "`{}` cannot be used with TLS here; {instead}",
                field.name
            ));
        }
    }
    let verifies_certificate = !given.is_other(&table::SSL_CERT_REQS)?.unwrap_or(false);
    let checks_host_name = given.flag(&table::SSL_CHECK_HOSTNAME)?.unwrap_or(true);
    let ca_data = given.text(&table::SSL_CA_DATA)?;
    if ca_data.is_some_and(|pem| pem.contains("PRIVATE KEY")) {
        return Err("`ssl_ca_data` holds a private key; write certificates only".into());
    }
    if ca_data.is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----")) {
        return Err(
            "`ssl_ca_data` has no certificate in PEM; name a file as `ssl_ca_certs`".into(),
        );
    }
    let (cert_file, key_file) = (
        given.path(&table::SSL_CERTFILE)?,
        given.path(&table::SSL_KEYFILE)?,
    );
    if cert_file.is_none() && key_file.is_some() {
        return Err("`ssl_keyfile` is given without `ssl_certfile`; write both".into());
    }
    let server_name = given.text(&table::SSL_SERVER_NAME)?.map(host::check);
    let server_name = server_name
        .transpose()
        .map_err(|wrong| format!("`ssl_server_name` {wrong}"))?;
    Ok(TlsOptions {
        ca_file: given.path(&table::SSL_CA_CERTS)?,
        ca_data: ca_data.map(str::to_owned),
        cert_file,
        key_file,
        server_name: server_name.map(str::to_owned),
        min_version: given
            .tls_version(&table::SSL_MIN_VERSION)?
            .unwrap_or_default(),
        verifies_certificate,
        // Whose name is in a certificate that is not verified means nothing.
        checks_host_name: checks_host_name || !verifies_certificate,
    })
}

/// Writes the shortest fields that mean the options.
pub(super) fn write(tls: &TlsOptions, object: &mut Map<String, Value>) {
    let path = |path: &WrittenPath| json!(path.to_string_lossy());
    object.insert(SSL.name.into(), json!(true));
    let optional = [
        (table::SSL_CA_CERTS, tls.ca_file.as_ref().map(path)),
        (
            table::SSL_CA_DATA,
            tls.ca_data.as_ref().map(|pem| json!(pem)),
        ),
        (table::SSL_CERTFILE, tls.cert_file.as_ref().map(path)),
        (table::SSL_KEYFILE, tls.key_file.as_ref().map(path)),
        (
            table::SSL_SERVER_NAME,
            tls.server_name.as_ref().map(|name| json!(name)),
        ),
        (
            table::SSL_MIN_VERSION,
            (tls.min_version == TlsVersion::Tls13).then(|| json!(TLS_1_3)),
        ),
        (
            table::SSL_CERT_REQS,
            (!tls.verifies_certificate).then(|| json!("none")),
        ),
        (
            table::SSL_CHECK_HOSTNAME,
            (!tls.checks_host_name).then_some(json!(false)),
        ),
    ];
    for (field, value) in optional {
        if let Some(value) = value {
            object.insert(field.name.into(), value);
        }
    }
}
