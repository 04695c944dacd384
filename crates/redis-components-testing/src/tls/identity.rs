//! The files of a certificate and its key.

use std::io;
use std::path::{Path, PathBuf};

/// The files in PEM format with which a server or a client says who it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The file with the certificate.
    pub certificate: PathBuf,
    /// The file with the private key.
    pub key: PathBuf,
}

/// A certificate and a key as text.
pub(super) struct Pem {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Pem {
    pub(super) fn write(&self, folder: &Path, name: &str) -> io::Result<Identity> {
        let identity = Identity {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}-key.pem")),
        };
        std::fs::write(&identity.certificate, &self.certificate)?;
        std::fs::write(&identity.key, &self.key)?;
        Ok(identity)
    }
}
