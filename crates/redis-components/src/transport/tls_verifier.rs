//! Which certificates are accepted.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Accepts a certificate that is for one of several names. A node of a cluster may be known by an
/// address that its certificate does not have, while the config names the cluster.
#[derive(Debug)]
pub(super) struct Verifier {
    /// `None` accepts every certificate.
    trusted: Option<Arc<WebPkiServerVerifier>>,
    /// Never empty. `None` accepts every name.
    names: Option<Vec<ServerName<'static>>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        roots: Arc<RootCertStore>,
        names: Option<Vec<ServerName<'static>>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let trusted = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
        Ok(Self {
            trusted: Some(trusted.build()?),
            names,
            algorithms: provider.signature_verification_algorithms,
        })
    }

    /// Returns the verifier that accepts one name more, unless this one accepts it already.
    pub(super) fn also_for(&self, name: &ServerName<'static>) -> Option<Self> {
        let names = self.names.as_ref()?;
        if names.contains(name) {
            return None;
        }
        Some(Self {
            trusted: self.trusted.clone(),
            names: Some(names.iter().chain([name]).cloned().collect()),
            algorithms: self.algorithms,
        })
    }

    /// Returns the verifier of a server that may be anybody.
    pub(super) fn of_anybody(provider: &Arc<CryptoProvider>) -> Self {
        Self {
            trusted: None,
            names: None,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(trusted) = &self.trusted else {
            return Ok(ServerCertVerified::assertion());
        };
        let verify = |name: &ServerName<'_>| {
            trusted.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
        };
        let Some(names) = &self.names else {
            // The name is checked last, when all else is well.
            return match verify(server_name) {
                Err(error) if is_only_another_name(&error) => Ok(ServerCertVerified::assertion()),
                verified => verified,
            };
        };
        let mut first = None;
        for name in names {
            match verify(name) {
                Ok(verified) => return Ok(verified),
                // The first name is that of the server itself.
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| CertificateError::NotValidForName.into()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn is_only_another_name(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}
