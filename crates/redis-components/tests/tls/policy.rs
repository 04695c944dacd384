//! TLS as the policy demands it.

use redis_components::{ErrorKind, Policy, Settings};
use redis_components_testing::{Flaw, Server, Tls};
use serde_json::json;

use crate::certificates::is_refused;
use crate::common::{World, always_fresh, patient, whereabouts, whereabouts_blocking, with};

async fn reaches(settings: Settings, config: &str, world: &World) -> Result<String, ErrorKind> {
    let logs = always_fresh("logs");
    world.set(logs, config);
    let asynchronous = settings.clone().scope(whereabouts(logs)).await;
    let blocking = settings.scope_blocking(|| whereabouts_blocking(logs));
    let [asynchronous, blocking] = [asynchronous, blocking].map(|name| name.map_err(|e| e.kind()));
    assert_eq!(asynchronous, blocking);
    asynchronous
}

#[tokio::test]
async fn r11_a_server_that_is_not_verified_is_used_if_config_and_policy_say_so() {
    let (world, tls) = (World::start(), Tls::new());
    let allowing = || {
        world
            .settings()
            .policy(Policy::new().allow_unverified_tls())
    };
    let none = json!({"ssl_cert_reqs": "none"});
    let any_name = json!({"ssl_check_hostname": false});
    for (flaw, fields, is_used) in [
        (Flaw::Expired, &none, true),
        (Flaw::OtherAuthority, &none, true),
        (Flaw::OtherName, &none, true),
        (Flaw::OtherName, &any_name, true),
        (Flaw::OtherAuthority, &any_name, false),
        (Flaw::Expired, &any_name, false),
    ] {
        let identity = tls.flawed(flaw);
        let server = Server::builder().tls(&tls).identity(&identity).start();
        server.command(&["SET", "name", "flawed"]);
        let config = with(&server.config(), fields);
        let used = reaches(allowing(), &config, &world).await;
        let expected = if is_used {
            Ok("flawed".to_owned())
        } else {
            Err(ErrorKind::ServerRefused)
        };
        assert_eq!(used, expected, "{fields}");
        let reasons = [
            "the policy of this process forbids it",
            "Policy::allow_unverified_tls",
        ];
        is_refused(&config, ErrorKind::ForbiddenByPolicy, &reasons).await;
        // The policy alone changes nothing.
        let verified = reaches(allowing(), &server.config(), &world).await;
        assert_eq!(verified, Err(ErrorKind::ServerRefused));
    }
}

#[tokio::test]
async fn r11_a_policy_that_demands_tls_allows_no_plain_text() {
    let (tls, plain) = (Tls::new(), Server::start());
    let encrypted = Server::builder().tls(&tls).start();
    encrypted.command(&["SET", "name", "tls"]);
    // A config server on a unix socket needs no TLS.
    let config_server = Server::builder().unix_socket().start();
    let socket = config_server.unix_socket().unwrap();
    let folder = socket.parent().unwrap();
    let policy = Policy::new().allow_unix_sockets_under(folder).require_tls();
    let logs = always_fresh("logs");
    let url = format!("redis+unix://{}", socket.display());
    let settings = patient(Settings::new(url)).policy(policy);
    settings
        .scope(async {
            config_server.command(&["SET", logs.key(), &plain.config()]);
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ForbiddenByPolicy, "{error}");
            assert!(error.to_string().contains("add \"ssl\": true"), "{error}");
            config_server.command(&["SET", logs.key(), &encrypted.config()]);
            assert_eq!(whereabouts(logs).await.unwrap(), "tls");
            // There is no way back to plain text.
            config_server.command(&["SET", logs.key(), &plain.config()]);
            assert_eq!(whereabouts(logs).await.unwrap(), "tls");
        })
        .await;
    // A config server over TCP does need it.
    let error = Settings::new(plain.url()).policy(Policy::new().require_tls());
    let error = error.scope(logs.connection()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ForbiddenByPolicy, "{error}");
}
