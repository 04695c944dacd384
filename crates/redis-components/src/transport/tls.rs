//! TLS: whom to trust, who we are, and how a handshake begins.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::load_native_certs;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::{Cause, Failure};
use super::file_gate::alone;
use super::shared_socket::SocketStream;
use super::tls_failure::{of_io, of_tls};
use super::tls_verifier::Verifier;
use crate::config::contents::Contents;
use crate::config::endpoint::Endpoint;
use crate::config::tls::{TlsOptions, TlsVersion};
use crate::error::text::printable;

/// Stands for all files that say whom the system trusts.
const OF_THE_SYSTEM: &str = "the certificates of the system";

/// What TLS with one server needs, made once for all its connections.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    /// Whether the config says which name a certificate must have.
    is_named: bool,
    /// The name that the server is told (SNI), so that it can choose its certificate.
    name: ServerName<'static>,
}

impl Tls {
    /// Makes it of the files that the options name, which are among the `contents`. This reads
    /// whom the system trusts, and so blocks.
    ///
    /// The certificate of the server must be for `ssl_server_name` if that is given, or else for
    /// `host` or for one of the hosts that the config names.
    ///
    /// # Errors
    ///
    /// Returns an error that says which field to mend.
    pub(super) fn new(
        options: &TlsOptions,
        contents: &Contents,
        host: &str,
        endpoint: &Endpoint,
    ) -> Result<Self, Failure> {
        let names = names(options, host, &endpoint.hosts())?;
        let told = match endpoint {
            // Nodes choose their certificate by the name of their cluster.
            Endpoint::Cluster(_) => names
                .iter()
                .find(|name| matches!(name, ServerName::DnsName(_))),
            _ => None,
        };
        let Some(name) = told.or(names.first()).cloned() else {
            return Err(unusable("host", "is no name that a certificate can be for"));
        };
        // The process's default, or ring: it is never installed, which other code may do later.
        let provider = CryptoProvider::get_default()
            .cloned()
            .unwrap_or_else(|| Arc::new(ring::default_provider()));
        let verifier = Arc::new(verifier(options, contents, names, &provider)?);
        let versions: &[_] = match options.min_version {
            TlsVersion::Tls12 => &[&TLS13, &TLS12],
            TlsVersion::Tls13 => &[&TLS13],
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| of_tls(&error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let config = match identity(options, contents)? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                let error = printable(&error.to_string());
                let file = options.key_file.as_ref().or(options.cert_file.as_ref());
                let file = file.map(|file| printable(&file.display().to_string()));
                let file = file.unwrap_or_default();
                let what =
                    format!("({file}) and the certificate of `ssl_certfile` do not fit: {error}");
                broken("ssl_keyfile", &what)
            })?,
            None => builder.with_no_client_auth(),
        };
        Ok(Self {
            config: Arc::new(config),
            verifier,
            is_named: options.server_name.is_some(),
            name,
        })
    }

    /// Returns the same for a node of a cluster, whose certificate may also be for the node's own
    /// name.
    pub(super) fn of_node(&self, host: &str) -> Self {
        if self.is_named {
            return self.clone();
        }
        let Some((name, verifier)) = named(host).and_then(|name| {
            let verifier = self.verifier.also_for(&name)?;
            Some((name, Arc::new(verifier)))
        }) else {
            return self.clone();
        };
        let mut config = ClientConfig::clone(&self.config);
        config
            .dangerous()
            .set_certificate_verifier(verifier.clone());
        let name = match name {
            ServerName::DnsName(_) => name,
            // Servers choose their certificate by a name.
            _ => self.name.clone(),
        };
        Self {
            config: Arc::new(config),
            verifier,
            is_named: false,
            name,
        }
    }

    /// Begins TLS on a runtime.
    pub(super) async fn connect(
        &self,
        stream: SocketStream,
    ) -> Result<TlsStream<SocketStream>, Failure> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let connecting = connector.connect(self.name.clone(), stream);
        connecting.await.map_err(of_io)
    }
}

fn verifier(
    options: &TlsOptions,
    contents: &Contents,
    names: Vec<ServerName<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Verifier, Failure> {
    if !options.verifies_certificate {
        return Ok(Verifier::of_anybody(provider));
    }
    let roots = Arc::new(roots(options, contents)?);
    let names = options.checks_host_name.then_some(names);
    Verifier::new(roots, names, provider).map_err(|error| {
        let error = printable(&error.to_string());
        Failure::new(Cause::Local, format!("TLS cannot be set up: {error}"))
    })
}

/// Returns the names of which the certificate must have one.
fn names(
    options: &TlsOptions,
    host: &str,
    hosts: &[&str],
) -> Result<Vec<ServerName<'static>>, Failure> {
    if let Some(name) = &options.server_name {
        let what = "is no name that a certificate can be for";
        let name = named(name).ok_or_else(|| unusable("ssl_server_name", what))?;
        return Ok(vec![name]);
    }
    let mut names = Vec::new();
    for name in [host].iter().chain(hosts).copied().filter_map(named) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Returns the host as a certificate names it: without the zone of an IPv6 address, and without
/// the dot at the end of a name.
fn named(host: &str) -> Option<ServerName<'static>> {
    let host = host.split_once('%').map_or(host, |(address, _)| address);
    let host = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}

fn roots(options: &TlsOptions, contents: &Contents) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    if options.ca_file.is_none() && options.ca_data.is_none() {
        let found = alone(Path::new(OF_THE_SYSTEM), || Ok(load_native_certs()));
        let native = found.map_err(|error| {
            let what = format!("whom the system trusts could not be read: {error}");
            Failure::new(Cause::Unavailable, what)
        })?;
        let (added, _) = roots.add_parsable_certificates(native.certs);
        let problem = native.errors.first();
        let problem = problem.map(|error| printable(&error.to_string()));
        if added == 0 {
            let why = problem.map(|problem| format!(": {problem}"));
            let why = why.unwrap_or_default();
            let what = format!(
                "the system trusts nobody{why}; name the certificates to trust as `ssl_ca_certs`"
            );
            return Err(Failure::new(Cause::Unavailable, what));
        }
        if let Some(problem) = problem {
            tracing::warn!(problem, "a certificate of the system cannot be read");
        }
        return Ok(roots);
    }
    if let Some(path) = &options.ca_file {
        trust(&mut roots, &Pem::of_file("ssl_ca_certs", path, contents)?)?;
    }
    if let Some(text) = &options.ca_data {
        let (field, file, bytes) = ("ssl_ca_data", None, text.as_bytes());
        trust(&mut roots, &Pem { field, file, bytes })?;
    }
    Ok(roots)
}

fn trust(roots: &mut RootCertStore, pem: &Pem<'_>) -> Result<(), Failure> {
    for certificate in pem.chain()? {
        let added = roots.add(certificate);
        // rustls calls every certificate that of a peer.
        added.map_err(|_| pem.unusable("has a certificate that cannot be read; write it anew"))?;
    }
    Ok(())
}

/// What a field has of certificates or keys.
struct Pem<'a> {
    field: &'a str,
    file: Option<&'a Path>,
    bytes: &'a [u8],
}

impl<'a> Pem<'a> {
    fn of_file(field: &'a str, path: &'a Path, contents: &'a Contents) -> Result<Self, Failure> {
        let bytes = contents
            .file(path)
            .ok_or_else(|| broken(field, "names a file that has not been read"))?;
        let file = Some(path);
        Ok(Self { field, file, bytes })
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, Failure> {
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(self.bytes).collect();
        let certificates = parsed.map_err(|_| self.unusable("is not PEM"))?;
        if certificates.is_empty() {
            return Err(self.unusable("has no certificate in PEM"));
        }
        Ok(certificates)
    }

    /// Returns the key. `otherwise` says what to do if there is none.
    fn key(&self, otherwise: &str) -> Result<PrivateKeyDer<'static>, Failure> {
        const ENCRYPTED: &[u8] = b"ENCRYPTED";
        let mut texts = self.bytes.windows(ENCRYPTED.len());
        if texts.any(|text| text == ENCRYPTED) {
            let what =
                "has an encrypted key, which is not supported; decrypt it, and protect the file";
            return Err(self.unusable(what));
        }
        let key = PrivateKeyDer::from_pem_slice(self.bytes);
        key.map_err(|_| self.unusable(&format!("has no private key in PEM{otherwise}")))
    }

    fn unusable(&self, what: &str) -> Failure {
        match self.file {
            Some(file) => {
                let file = printable(&file.display().to_string());
                broken(self.field, &format!("({file}) {what}"))
            }
            None => unusable(self.field, what),
        }
    }
}

/// Returns the failure of a config of which a field cannot be used.
fn unusable(field: &str, what: &str) -> Failure {
    Failure::new(Cause::Local, format!("`{field}` {what}"))
}

/// Returns the failure of a config that names a file which cannot be used. The file may be mended.
fn broken(field: &str, what: &str) -> Failure {
    Failure::new(Cause::Unavailable, format!("`{field}` {what}"))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Returns our certificate and its key, if there is one. The key may stand in the same file.
fn identity(options: &TlsOptions, contents: &Contents) -> Result<Option<Identity>, Failure> {
    let Some(path) = &options.cert_file else {
        return Ok(None);
    };
    let pem = Pem::of_file("ssl_certfile", path, contents)?;
    let chain = pem.chain()?;
    let key = match &options.key_file {
        Some(path) => Pem::of_file("ssl_keyfile", path, contents)?.key("")?,
        None => pem.key("; name the file of its key as `ssl_keyfile`")?,
    };
    Ok(Some((chain, key)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::{OF_THE_SYSTEM, Tls, TlsOptions, alone};
    use crate::config::ComponentConfig;
    use crate::config::contents::Contents;

    #[test]
    fn r10_certificates_of_the_system_that_hang_keep_one_thread() {
        let (begun, hangs) = channel();
        let (frees, freed) = channel::<()>();
        // As a thread that reads them from a disk that does not answer.
        let stuck = thread::spawn(move || {
            let work = || {
                begun.send(()).unwrap();
                freed.recv().unwrap();
                Ok(())
            };
            alone(Path::new(OF_THE_SYSTEM), work).unwrap();
        });
        hangs.recv().unwrap();
        let config = ComponentConfig::new("h");
        let made = Tls::new(
            &TlsOptions::new(),
            &Contents::default(),
            "h",
            config.endpoint(),
        );
        let reason = made.err().unwrap().message;
        assert!(reason.contains("has not ended"), "{reason}");
        frees.send(()).unwrap();
        stuck.join().unwrap();
    }
}
