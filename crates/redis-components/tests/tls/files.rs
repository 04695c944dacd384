//! Files that a config names and that cannot be used.

use std::os::unix::fs::PermissionsExt;

use redis_components::ErrorKind;
use redis_components_testing::{Flaw, Server, Tls};
use serde_json::json;

use crate::certificates::is_refused;
use crate::common::{World, always_fresh, arrives, whereabouts, with};

#[tokio::test]
async fn r5_a_file_that_cannot_be_used_is_named() {
    let tls = Tls::new();
    let server = Server::builder()
        .tls(&tls)
        .require_client_certificates()
        .start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let missing = folder.path().join("missing.pem");
    let long = file("long.pem", &vec![b'x'; 1024 * 1024 + 1]);
    let text = file("text.pem", b"no certificate");
    let broken = b"-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
    let broken = file("broken.pem", broken);
    let key = |flaw| tls.flawed(flaw).key;
    for (field, path, reason) in [
        (
            "ssl_ca_certs",
            missing.clone(),
            "cannot be read: No such file",
        ),
        (
            "ssl_ca_certs",
            folder.path().to_owned(),
            "cannot be read: it is no file",
        ),
        ("ssl_ca_certs", long, "is longer than 1 MiB"),
        ("ssl_ca_certs", text.clone(), "has no certificate in PEM"),
        (
            "ssl_ca_certs",
            broken,
            "has a certificate that cannot be read",
        ),
        (
            "ssl_certfile",
            missing.clone(),
            "cannot be read: No such file",
        ),
        ("ssl_keyfile", missing, "cannot be read: No such file"),
        ("ssl_keyfile", text, "has no private key in PEM"),
        ("ssl_keyfile", key(Flaw::OtherKey), "do not fit"),
        (
            "ssl_keyfile",
            key(Flaw::EncryptedKey),
            "has an encrypted key",
        ),
    ] {
        let config = with(&server.config(), &json!({ field: path }));
        let named = format!("`{field}`");
        let file = path.to_str().unwrap();
        let kind = ErrorKind::ReferenceUnavailable;
        is_refused(&config, kind, &[&named, file, reason]).await;
    }
    assert_eq!(server.command(&["GET", "name"]), redis::Value::Nil);
}

#[tokio::test]
async fn r5_a_file_that_may_not_be_read_is_named() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.pem");
    std::fs::copy(tls.ca(), &secret).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&secret).is_ok() {
        // Nothing is forbidden to this user.
        return;
    }
    let config = with(&server.config(), &json!({"ssl_ca_certs": secret}));
    let reasons = ["`ssl_ca_certs`", "Permission denied"];
    is_refused(&config, ErrorKind::ReferenceUnavailable, &reasons).await;
}

#[tokio::test]
async fn r5_a_file_that_is_mended_is_read_again() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    server.command(&["SET", "name", "tls"]);
    let folder = tempfile::tempdir().unwrap();
    let late = folder.path().join("late.pem");
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.set(
                logs,
                &with(&server.config(), &json!({"ssl_ca_certs": late})),
            );
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            std::fs::copy(tls.ca(), &late).unwrap();
            arrives(logs, "tls").await;
        })
        .await;
}
