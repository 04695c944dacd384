//! What tests may rely on when they start a server that speaks TLS or listens on a unix socket.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis_components_testing::{Flaw, Identity, Server, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends PING over TLS and returns the answer.
fn ping(
    server: &Server,
    name: &str,
    ca: &Path,
    client: Option<&Identity>,
) -> Result<String, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let config = match client {
        Some(client) => {
            let chain =
                CertificateDer::pem_file_iter(&client.certificate)?.collect::<Result<_, _>>()?;
            config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&client.key)?)?
        }
        None => config.with_no_client_auth(),
    };
    let socket = TcpStream::connect(("127.0.0.1", server.port()))?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    let name = ServerName::try_from(name.to_owned())?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    let mut stream = StreamOwned::new(connection, socket);
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8(answer.to_vec())?)
}

fn failure(answer: Result<String, Box<dyn Error>>) -> String {
    answer.unwrap_err().to_string()
}

#[test]
fn a_server_speaks_tls_under_each_of_its_names() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    for name in ["localhost", "127.0.0.1", "::1"] {
        let answer = ping(&server, name, tls.ca(), None);
        assert_eq!(answer.unwrap(), "+PONG\r\n", "{name}");
    }
    let error = failure(ping(&server, "other.invalid", tls.ca(), None));
    assert!(error.contains("not valid for name"), "{error}");
    assert_eq!(
        server.url(),
        format!("rediss://127.0.0.1:{}", server.port())
    );
    let config: serde_json::Value = serde_json::from_str(&server.config()).unwrap();
    assert_eq!(config["ssl"], true);
    assert_eq!(config["ssl_ca_certs"], tls.ca().to_str().unwrap());
    assert!(config.get("ssl_certfile").is_none());
}

#[test]
fn a_server_that_speaks_tls_speaks_nothing_else_and_is_observed_all_the_same() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    let mut plain = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    plain.set_read_timeout(Some(TIMEOUT)).unwrap();
    plain.write_all(b"PING\r\n").unwrap();
    let mut answer = Vec::new();
    // The server closes the connection, or resets it.
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"+PONG"), "{answer:?}");
    server.command(&["SET", "key", "value"]);
    assert_eq!(server.command_calls("set"), 1);
    // A handshake that fails does not count.
    assert_eq!(server.connections_received(), 0);
    assert!(ping(&server, "localhost", tls.ca(), None).is_ok());
    assert_eq!(server.connections_received(), 1);
}

#[test]
fn a_certificate_is_demanded_if_the_server_is_told_to() {
    let tls = Tls::new();
    let server = Server::builder()
        .tls(&tls)
        .require_client_certificates()
        .start();
    let error = failure(ping(&server, "localhost", tls.ca(), None));
    assert!(error.contains("CertificateRequired"), "{error}");
    let stranger = tls.flawed(Flaw::OtherAuthority);
    assert!(ping(&server, "localhost", tls.ca(), Some(&stranger)).is_err());
    let answer = ping(&server, "localhost", tls.ca(), Some(tls.client()));
    assert_eq!(answer.unwrap(), "+PONG\r\n");
    let config: serde_json::Value = serde_json::from_str(&server.config()).unwrap();
    assert_eq!(config["ssl_keyfile"], tls.client().key.to_str().unwrap());
}

#[test]
fn flawed_certificates_are_refused_for_their_flaw() {
    let tls = Tls::new();
    let refused = |flaw| {
        let server = Server::builder()
            .tls(&tls)
            .identity(&tls.flawed(flaw))
            .start();
        failure(ping(&server, "localhost", tls.ca(), None))
    };
    for (flaw, reason) in [
        (Flaw::Expired, "expired"),
        (Flaw::NotYetValid, "not valid yet"),
        (Flaw::OtherName, "not valid for name"),
        (Flaw::OtherAuthority, "BadSignature"),
    ] {
        let error = refused(flaw);
        assert!(error.contains(reason), "{flaw:?}: {error}");
    }
}

#[test]
fn flawed_keys_are_refused_by_clients_and_servers() {
    let tls = Tls::new();
    let sound = Server::builder().tls(&tls).start();
    for (flaw, reason) in [
        (Flaw::OtherKey, "keys may not be consistent"),
        (Flaw::EncryptedKey, "no items found"),
    ] {
        let flawed = tls.flawed(flaw);
        let error = failure(ping(&sound, "localhost", tls.ca(), Some(&flawed)));
        assert!(error.contains(reason), "{flaw:?}: {error}");
        let builder = Server::builder().tls(&tls).identity(&flawed);
        let error = builder.try_start().unwrap_err().to_string();
        assert!(error.contains("private key"), "{flaw:?}: {error}");
    }
}

#[test]
fn a_rotated_certificate_is_shown_to_new_connections_until_a_restart() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    let renamed = tls.issue(&["renamed.test"]);
    assert!(ping(&server, "renamed.test", tls.ca(), None).is_err());
    server.rotate(&renamed);
    assert!(ping(&server, "renamed.test", tls.ca(), None).is_ok());
    assert!(ping(&server, "localhost", tls.ca(), None).is_err());
    server.restart();
    assert!(ping(&server, "localhost", tls.ca(), None).is_ok());
}

#[test]
fn the_files_of_certificates_are_gone_with_them() {
    let tls = Tls::for_names(&["redis.test"]);
    let ca = tls.ca().to_owned();
    assert!(ca.is_file() && tls.server().key.is_file());
    drop(tls);
    assert!(!ca.exists());
}

#[test]
fn a_server_listens_on_a_unix_socket_too() {
    let server = Server::builder()
        .arguments(&["--requirepass", "s3cret"])
        .unix_socket()
        .start();
    let path = server.unix_socket().unwrap().to_owned();
    let ping = || {
        let mut socket = UnixStream::connect(&path)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.write_all(b"AUTH s3cret\r\nPING\r\n")?;
        let mut answer = [0; 12];
        socket.read_exact(&mut answer).map(|()| answer)
    };
    assert_eq!(&ping().unwrap(), b"+OK\r\n+PONG\r\n");
    server.stop();
    assert!(ping().is_err());
    server.restart();
    assert_eq!(&ping().unwrap(), b"+OK\r\n+PONG\r\n");
    drop(server);
    assert!(!path.exists());
    assert!(Server::start().unix_socket().is_none());
}
