//! Certificates and keys that must be refused, of nodes and sentinels, and of clients.

use redis_components::ErrorKind;
use redis_components_testing::{Cluster, Flaw, Sentinels, Server, Tls};
use serde_json::{Value, json};

use crate::common::with;
use crate::refused::is_refused;

/// What an operator reads of a server's certificate, and the field to mend.
const FLAWS: [(Flaw, &str, &str); 4] = [
    (Flaw::Expired, "its certificate has expired; renew it", ""),
    (
        Flaw::NotYetValid,
        "its certificate is not valid yet; check the clocks",
        "",
    ),
    (
        Flaw::OtherName,
        "its certificate is not for 127.0.0.1 but for",
        "ssl_server_name`",
    ),
    (
        Flaw::OtherAuthority,
        "its certificate is signed by nobody who is trusted",
        "ssl_ca_certs`",
    ),
];

fn place(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

/// The names that fields have for a server, and for sentinels.
fn field(prefix: &str, name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!("`{prefix}{name}"),
    }
}

/// One primary and one sentinel: nothing fails over.
fn one_sentinel(tls: &Tls) -> Sentinels {
    let builder = Sentinels::builder().replicas(0).sentinels(1, 1).tls(tls);
    builder.require_client_certificates().start()
}

/// A config without the client's certificate, or with another.
fn client(config: &str, prefix: &str, certificate: &Value, key: &Value) -> String {
    let [certfile, keyfile] = ["ssl_certfile", "ssl_keyfile"].map(|name| format!("{prefix}{name}"));
    with(config, &json!({certfile: certificate, keyfile: key}))
}

#[tokio::test]
async fn r11_a_node_of_a_cluster_with_a_flawed_certificate_is_not_used() {
    let tls = Tls::new();
    let cluster = Cluster::builder(3, 0).tls(&tls).start();
    for (flaw, reason, name) in FLAWS {
        // The first is asked for all others.
        cluster.node(1).rotate(&tls.flawed(flaw));
        let says = [reason, &place(&cluster.node(1)), &field("", name)];
        let config = cluster.config_with_seeds(&[0]);
        is_refused(&config, ErrorKind::ServerRefused, &says).await;
        cluster.node(1).rotate(tls.server());
    }
    cluster.node(1).rotate(&tls.flawed(Flaw::Expired));
    let says = ["has expired", &place(&cluster.node(1))];
    let config = cluster.config_with_seeds(&[1]);
    is_refused(&config, ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r11_a_server_behind_sentinels_with_a_flawed_certificate_is_not_used() {
    let tls = Tls::new();
    let sentinels = one_sentinel(&tls);
    for (flaw, reason, name) in FLAWS {
        sentinels.server(0).rotate(&tls.flawed(flaw));
        let says = [reason, &place(sentinels.server(0)), &field("", name)];
        is_refused(&sentinels.config(), ErrorKind::ServerRefused, &says).await;
    }
}

#[tokio::test]
async fn r11_a_sentinel_with_a_flawed_certificate_is_not_believed() {
    let tls = Tls::new();
    for (flaw, reason, name) in FLAWS {
        let builder = Sentinels::builder().replicas(0).sentinels(1, 1).tls(&tls);
        let sentinels = builder.identity_of_sentinels(&tls.flawed(flaw)).start();
        let says = [
            "no sentinel names the primary of `main`",
            reason,
            &place(sentinels.sentinel(0)),
            &field("sentinel_", name),
        ];
        is_refused(&sentinels.config(), ErrorKind::ServerRefused, &says).await;
    }
}

#[tokio::test]
async fn r11_a_client_certificate_that_is_missing_or_wrong_is_named() {
    let (tls, stranger) = (Tls::new(), Tls::new());
    let cluster = Cluster::builder(1, 0).tls(&tls);
    let cluster = cluster.require_client_certificates().start();
    let sentinels = one_sentinel(&tls);
    let other = stranger.client();
    let (other_key, encrypted) = (
        tls.flawed(Flaw::OtherKey).key,
        tls.flawed(Flaw::EncryptedKey).key,
    );
    let own = tls.client();
    for (config, prefix, server) in [
        (cluster.config(), "", &*cluster.node(0)),
        (sentinels.config(), "", sentinels.server(0)),
        (sentinels.config(), "sentinel_", sentinels.sentinel(0)),
    ] {
        let (place, certfile) = (place(server), format!("`{prefix}ssl_certfile`"));
        let keyfile = format!("`{prefix}ssl_keyfile`");
        for (certificate, key, kind, reason, field) in [
            (
                json!(null),
                json!(null),
                ErrorKind::ServerRefused,
                "it asks for a client certificate",
                &certfile,
            ),
            (
                json!(other.certificate),
                json!(other.key),
                ErrorKind::ServerRefused,
                "it refuses the client certificate",
                &certfile,
            ),
            (
                json!(own.certificate),
                json!(other_key),
                ErrorKind::ReferenceUnavailable,
                "do not fit",
                &keyfile,
            ),
            (
                json!(own.certificate),
                json!(encrypted),
                ErrorKind::ReferenceUnavailable,
                "has an encrypted key",
                &keyfile,
            ),
            (
                json!("/no/such/file.pem"),
                json!(own.key),
                ErrorKind::ReferenceUnavailable,
                "names the file /no/such/file.pem, which cannot be read: No such file",
                &certfile,
            ),
            (
                json!(own.certificate),
                json!("/no/such/file.pem"),
                ErrorKind::ReferenceUnavailable,
                "names the file /no/such/file.pem, which cannot be read: No such file",
                &keyfile,
            ),
        ] {
            let config = client(&config, prefix, &certificate, &key);
            // Files are read before any server is connected to.
            let place = Some(place.as_str()).filter(|_| !reason.contains("cannot be read"));
            let says = [&[reason, field][..], place.as_slice()].concat();
            is_refused(&config, kind, &says).await;
        }
    }
}

#[tokio::test]
async fn r11_an_authority_that_is_not_named_is_not_trusted() {
    let (tls, stranger) = (Tls::new(), Tls::new());
    let cluster = Cluster::builder(1, 0).tls(&tls).start();
    let sentinels = one_sentinel(&tls);
    for (config, prefix, server) in [
        (cluster.config(), "", &*cluster.node(0)),
        (sentinels.config(), "", sentinels.server(0)),
        (sentinels.config(), "sentinel_", sentinels.sentinel(0)),
    ] {
        let (name, place) = (format!("{prefix}ssl_ca_certs"), place(server));
        let config = with(&config, &json!({ &name: stranger.ca() }));
        let says = [
            "signed by nobody who is trusted",
            &format!("`{name}`"),
            &place,
        ];
        is_refused(&config, ErrorKind::ServerRefused, &says).await;
    }
}
