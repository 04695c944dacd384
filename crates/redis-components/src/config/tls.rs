//! How TLS is spoken with a server.

use std::fmt;
use std::path::PathBuf;

use super::digest::of_text;

/// How TLS is spoken with a server: whom to trust, and who we are.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TlsOptions {
    /// A file with the certificates of those who sign the server's certificate.
    pub(crate) ca_file: Option<PathBuf>,
    /// The same as text in PEM.
    pub(crate) ca_data: Option<String>,
    /// A file with our certificate, for a server that asks for one.
    pub(crate) cert_file: Option<PathBuf>,
    /// A file with the key of our certificate.
    pub(crate) key_file: Option<PathBuf>,
    /// The name that the server's certificate must have, instead of the host's.
    pub(crate) server_name: Option<String>,
    pub(crate) min_version: TlsVersion,
    /// Whether the server must have a certificate that is signed by somebody trusted.
    pub(crate) verifies_certificate: bool,
    /// Whether the certificate must have the server's name.
    pub(crate) checks_host_name: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(dead_code, reason = "no JSON means it yet")]
pub(crate) enum TlsVersion {
    #[default]
    Tls12,
    Tls13,
}

impl Default for TlsOptions {
    fn default() -> Self {
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
