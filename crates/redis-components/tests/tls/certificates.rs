//! Certificates that must be refused, and what the error says.

use redis_components::{Component, ErrorKind, Scope, Settings, status};
use redis_components_testing::{Flaw, Server, Tls};
use serde_json::json;

use crate::common::{World, always_fresh, patient, whereabouts, with};

/// Asserts that a config is refused by a component that works, which goes on, and by one that never
/// had a config, with tasks and with threads. Each error names all that is concerned.
pub(crate) async fn is_refused(config: &str, kind: ErrorKind, reasons: &[&str]) {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let check = |text: &str| {
        for reason in reasons {
            assert!(text.contains(reason), "{reason}: {text}");
        }
    };
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.set(logs, config);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            check(status().components[0].problem.as_deref().unwrap());
        })
        .await;
    let error = fresh(&world).scope(logs.connection()).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.component(), Some("logs"));
    check(&error.to_string());
    assert!(error.to_string().contains(logs.key()), "{error}");
    let error = blocking_error(fresh(&world), logs).await;
    assert_eq!(error.kind(), kind, "{error}");
    check(&error.to_string());
}

/// Settings of another process, as it were.
fn fresh(world: &World) -> Settings {
    patient(Settings::new(world.config.url()))
}

async fn blocking_error(
    settings: Settings,
    component: &'static Component,
) -> redis_components::Error {
    let scoped = settings.scope(async {
        let scope = Scope::current().unwrap();
        let call = move || scope.run_blocking(|| component.blocking_connection().map(drop));
        tokio::task::spawn_blocking(call).await
    });
    scoped.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn r3_a_flawed_certificate_is_refused_and_the_error_says_what_to_do() {
    let tls = Tls::new();
    for (flaw, reason) in [
        (Flaw::Expired, "its certificate has expired; renew it"),
        (Flaw::NotYetValid, "its certificate is not valid yet"),
        (
            Flaw::OtherName,
            "its certificate is not for 127.0.0.1 but for",
        ),
        (
            Flaw::OtherAuthority,
            "its certificate is signed by nobody who is trusted",
        ),
    ] {
        let server = Server::builder()
            .tls(&tls)
            .identity(&tls.flawed(flaw))
            .start();
        let place = format!("127.0.0.1:{}", server.port());
        let reasons = [reason, &*place];
        is_refused(&server.config(), ErrorKind::ServerRefused, &reasons).await;
    }
}

#[tokio::test]
async fn r3_a_name_of_the_config_is_demanded_and_no_other() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    let config = with(
        &server.config(),
        &json!({"ssl_server_name": "other.invalid"}),
    );
    let reasons = [
        "its certificate is not for other.invalid but for",
        "ssl_server_name",
    ];
    is_refused(&config, ErrorKind::ServerRefused, &reasons).await;
}

#[tokio::test]
async fn r3_an_authority_that_is_not_named_is_not_trusted() {
    let (tls, other) = (Tls::new(), Tls::new());
    let server = Server::builder().tls(&tls).start();
    let config = with(&server.config(), &json!({"ssl_ca_certs": other.ca()}));
    let reasons = ["signed by nobody who is trusted", "`ssl_ca_certs`"];
    is_refused(&config, ErrorKind::ServerRefused, &reasons).await;
}

#[tokio::test]
async fn r3_a_server_that_asks_for_a_certificate_says_so() {
    let tls = Tls::new();
    let server = Server::builder()
        .tls(&tls)
        .require_client_certificates()
        .start();
    let config = with(
        &server.config(),
        &json!({"ssl_certfile": null, "ssl_keyfile": null}),
    );
    let reasons = ["it asks for a client certificate; write `ssl_certfile`"];
    is_refused(&config, ErrorKind::ServerRefused, &reasons).await;
    // TLS 1.2 says so in the handshake.
    let old = Server::builder()
        .tls(&tls)
        .require_client_certificates()
        .arguments(&["--tls-protocols", "TLSv1.2"])
        .start();
    let config = with(
        &old.config(),
        &json!({"ssl_certfile": null, "ssl_keyfile": null}),
    );
    let reasons = ["it may ask for a client certificate, see `ssl_certfile`"];
    is_refused(&config, ErrorKind::ServerRefused, &reasons).await;
    let stranger = Tls::new();
    let client = stranger.client();
    let fields = json!({"ssl_certfile": client.certificate, "ssl_keyfile": client.key});
    let reasons = ["it refuses the client certificate"];
    is_refused(
        &with(&server.config(), &fields),
        ErrorKind::ServerRefused,
        &reasons,
    )
    .await;
}

#[tokio::test]
async fn r3_a_server_with_too_old_a_version_is_refused() {
    let tls = Tls::new();
    let server = Server::builder()
        .tls(&tls)
        .arguments(&["--tls-protocols", "TLSv1.2"])
        .start();
    let config = with(&server.config(), &json!({"ssl_min_version": 772}));
    let reasons = ["`ssl_min_version`"];
    is_refused(&config, ErrorKind::ServerRefused, &reasons).await;
}
