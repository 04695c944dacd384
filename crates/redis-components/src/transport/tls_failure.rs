//! Why TLS with a server failed, and what to do.

use std::io;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::failure::{Cause, Failure};
use crate::error::text::printable;

/// Returns the failure of a handshake.
pub(super) fn of_io(error: io::Error) -> Failure {
    match inside(&error) {
        Some(error) => of_tls(error),
        // A server with unread data resets the connection.
        None if error.kind() == io::ErrorKind::UnexpectedEof || is_hang_up(&error) => Failure::new(
            Cause::ClosedInHandshake,
            "the server closed the connection during the TLS handshake; check that it speaks TLS at this port, and \
             that it is below its limit of clients (`maxclients`)",
        ),
        None => redis::RedisError::from(error).into(),
    }
}

/// Returns the error of TLS in an error of reading or writing. A server may refuse a client when
/// the handshake is over, so that the stage says nothing.
pub(super) fn inside(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// Returns `true` if the server has closed the connection. What it sent before can still be read.
pub(super) fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

/// Returns what an error of TLS means.
pub(super) fn of_tls(error: &Error) -> Failure {
    let message = match error {
        Error::InvalidCertificate(reason) => of_certificate(reason),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what answers does not speak TLS; name its port for TLS, or leave out `ssl`".to_owned()
        }
        Error::PeerIncompatible(_) => {
            let error = printable(&error.to_string());
            format!(
                "it speaks no version of TLS that is wanted here, see `ssl_min_version`: {error}"
            )
        }
        other => format!("TLS fails: {}", printable(&other.to_string())),
    };
    Failure::new(Cause::Refused, message)
}

fn of_certificate(reason: &CertificateError) -> String {
    match reason {
        // Another authority of the same name has signed it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is signed by nobody who is trusted; name the signer's certificate as `ssl_ca_certs`".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; renew it".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clocks of both machines".into()
        }
        CertificateError::NotValidForName => {
            "its certificate is for another name; write the name that it has as `ssl_server_name`".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = match expected {
                ServerName::DnsName(name) => printable(name.as_ref()),
                other => printable(&other.to_str()),
            };
            let presented: Vec<_> = presented.iter().map(|name| bare(name)).collect();
            let presented = printable(&presented.join(", "));
            format!(
                "its certificate is not for {expected} but for {presented}; connect by that name, or write it as \
                 `ssl_server_name`"
            )
        }
        other => {
            let reason = printable(&Error::InvalidCertificate(other.clone()).to_string());
            format!("its certificate cannot be trusted: {reason}")
        }
    }
}

/// Returns a name of a certificate without its kind: `DnsName("h")` is `h`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    let inner = inner.strip_suffix(')').unwrap_or(inner);
    inner.trim_matches('"')
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "it asks for a client certificate; write `ssl_certfile` and `ssl_keyfile`".into()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => {
            format!(
                "it refuses the client certificate ({alert:?}); check `ssl_certfile` and `ssl_keyfile`"
            )
        }
        AlertDescription::ProtocolVersion => {
            "it speaks no version of TLS that is wanted here, see `ssl_min_version`".into()
        }
        // A server that speaks TLS 1.2 says this to a client without a certificate too.
        AlertDescription::HandshakeFailure => {
            "it refuses the TLS handshake; it may ask for a client certificate, see `ssl_certfile`"
                .into()
        }
        other => format!("it refuses TLS: {other:?}"),
    }
}
