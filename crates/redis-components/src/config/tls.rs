//! How TLS is spoken with a server.

use std::fmt;
use std::path::PathBuf;

use super::checksum::of_text;
use super::path::WrittenPath;

/// How TLS is spoken with a server: whom to trust, and who we are.
///
/// The server's certificate must be signed by somebody trusted, and be for the host that the config
/// names. Without [`ca_file`](Self::ca_file) and [`ca_data`](Self::ca_data), those are trusted whom
/// the system trusts.
///
/// ```
/// use redis_components::{ComponentConfig, TlsOptions};
///
/// let tls = TlsOptions::new().ca_file("/etc/redis/ca.pem");
/// let config = ComponentConfig::new("redis.internal").tls(tls);
/// assert_eq!(
///     config.to_json(),
///     r#"{"host":"redis.internal","ssl":true,"ssl_ca_certs":"/etc/redis/ca.pem"}"#
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TlsOptions {
    pub(crate) ca_file: Option<WrittenPath>,
    pub(crate) ca_data: Option<String>,
    pub(crate) cert_file: Option<WrittenPath>,
    pub(crate) key_file: Option<WrittenPath>,
    pub(crate) server_name: Option<String>,
    pub(crate) min_version: TlsVersion,
    /// Whether the server must have a certificate that is signed by somebody trusted.
    pub(crate) verifies_certificate: bool,
    /// Whether the certificate must have the server's name.
    pub(crate) checks_host_name: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl TlsOptions {
    /// Returns options that trust whom the system trusts, and show no certificate of ours.
    #[must_use]
    pub fn new() -> Self {
        Self {
            ca_file: None,
            ca_data: None,
            cert_file: None,
            key_file: None,
            server_name: None,
            min_version: TlsVersion::default(),
            verifies_certificate: true,
            checks_host_name: true,
        }
    }

    /// Trusts the certificates in a PEM file, instead of those that the system trusts. Each process
    /// that uses the config reads the file.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into().into());
        self
    }

    /// Trusts the certificates in this text in PEM, instead of those that the system trusts.
    #[must_use]
    pub fn ca_data(mut self, pem: impl Into<String>) -> Self {
        self.ca_data = Some(pem.into());
        self
    }

    /// Shows the server a certificate of ours, from two PEM files.
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.cert_file = Some(certificate.into().into());
        self.key_file = Some(key.into().into());
        self
    }

    /// Demands a certificate for this name, instead of one for the host that the config names.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Speaks no older version than this.
    #[must_use]
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A private key may stand among certificates by mistake, so that PEM is never shown.
impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("ca_file", &self.ca_file)
            .field("ca_data", &self.ca_data.as_deref().map(of_text))
            .field("cert_file", &self.cert_file)
            .field("key_file", &self.key_file)
            .field("server_name", &self.server_name)
            .field("min_version", &self.min_version)
            .field("verifies_certificate", &self.verifies_certificate)
            .field("checks_host_name", &self.checks_host_name)
            .finish()
    }
}
