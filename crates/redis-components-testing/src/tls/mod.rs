//! Certificates for servers and clients.

mod authority;
pub(crate) mod flaw;
pub(crate) mod identity;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use self::authority::Authority;
use self::flaw::Flaw;
use self::identity::Identity;
use crate::guard::Guard;

/// The names that the server's certificate is for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority with the certificates of a test, in a temporary folder.
///
/// The folder is removed when this is dropped, so servers with these certificates must go first.
///
/// ```
/// use redis_components_testing::{Server, Tls};
///
/// let tls = Tls::new();
/// let server = Server::builder().tls(&tls).start();
/// assert!(server.url().starts_with("rediss://127.0.0.1:"));
/// assert!(tls.ca().ends_with("ca.pem"));
/// ```
#[derive(Debug)]
pub struct Tls {
    authority: Authority,
    ca: PathBuf,
    server: Identity,
    client: Identity,
    issued: AtomicUsize,
    // The last two, in this order: as long as the folder is there, so is its guard.
    folder: TempDir,
    _guard: Guard,
}

impl Tls {
    /// Makes an authority, a server's certificate for `localhost`, `127.0.0.1` and `::1`, and a
    /// client's.
    ///
    /// # Panics
    ///
    /// Panics if the files cannot be written.
    #[must_use]
    #[allow(
        clippy::new_without_default,
        reason = "a default would not be expected to write files"
    )]
    pub fn new() -> Self {
        Self::for_names(&NAMES)
    }

    /// Does as [`new`](Self::new), with a server's certificate for these host names and addresses.
    ///
    /// # Panics
    ///
    /// Panics as [`new`](Self::new) does, and if a name is neither a host name nor an address.
    #[must_use]
    pub fn for_names(names: &[&str]) -> Self {
        Self::try_for_names(names).unwrap_or_else(|error| panic!("no certificates: {error}"))
    }

    fn try_for_names(names: &[&str]) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("redis-components-tls")
            .tempdir()?;
        let guard = Guard::of_folder(folder.path())?;
        let authority = Authority::new("redis-components test authority")?;
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, authority.certificate())?;
        let server = authority.issue(names)?.write(folder.path(), "server")?;
        let client = authority
            .issue(&["client"])?
            .write(folder.path(), "client")?;
        Ok(Self {
            authority,
            ca,
            server,
            client,
            issued: AtomicUsize::new(0),
            folder,
            _guard: guard,
        })
    }

    /// Returns the file with the authority's certificate.
    #[must_use]
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// Returns the server's certificate and key.
    #[must_use]
    pub fn server(&self) -> &Identity {
        &self.server
    }

    /// Returns a client's certificate and key.
    #[must_use]
    pub fn client(&self) -> &Identity {
        &self.client
    }

    /// Issues another certificate for these host names and addresses, for a server or a client. Each
    /// has files of its own.
    ///
    /// # Panics
    ///
    /// Panics as [`for_names`](Self::for_names) does.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.authority
            .issue(names)
            .and_then(|issued| issued.write(self.folder.path(), &self.next_name()))
            .unwrap_or_else(|error| panic!("no certificate for {names:?}: {error}"))
    }

    /// Issues a certificate that must be refused. Without the flaw, it is one for `localhost`,
    /// `127.0.0.1` and `::1`.
    ///
    /// # Panics
    ///
    /// Panics if the files cannot be written.
    #[must_use]
    pub fn flawed(&self, flaw: Flaw) -> Identity {
        flaw.issue(&self.authority, &NAMES)
            .and_then(|issued| issued.write(self.folder.path(), &self.next_name()))
            .unwrap_or_else(|error| panic!("no certificate with {flaw:?}: {error}"))
    }

    fn next_name(&self) -> String {
        format!("issued-{}", self.issued.fetch_add(1, Ordering::Relaxed))
    }
}
