//! Plain text never takes the place of TLS, and the other way round.

use std::time::Duration;

use redis_components::{ErrorKind, Settings, status};
use redis_components_testing::{Server, Tls};
use serde_json::{Value, json};

use crate::common::{World, always_fresh, whereabouts};

/// Short, because a server without TLS says nothing.
const BOUND: Duration = Duration::from_millis(300);

fn as_tls(server: &Server, tls: &Tls) -> String {
    let mut config: Value = serde_json::from_str(&server.config()).unwrap();
    config["ssl"] = json!(true);
    config["ssl_ca_certs"] = json!(tls.ca());
    config.to_string()
}

#[tokio::test]
async fn r11_no_fallback_to_plain_text() {
    let tls = Tls::new();
    let plain = Server::start();
    plain.command(&["CONFIG", "RESETSTAT"]);
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    let settings = || Settings::new(world.config.url()).connect_timeout(BOUND);
    settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.set(logs, &as_tls(&plain, &tls));
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let problem = status().components[0].problem.clone().unwrap();
            assert!(problem.contains("does not speak TLS"), "{problem}");
        })
        .await;
    let error = settings().scope(logs.connection()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    let error = settings().scope_blocking(|| logs.blocking_connection().err().unwrap());
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    for command in ["ping", "auth", "get"] {
        assert_eq!(plain.command_calls(command), 0, "{command} in plain text");
    }
}

#[tokio::test]
async fn r3_a_server_that_speaks_tls_alone_is_refused_in_plain_text() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    let world = World::start();
    let logs = always_fresh("logs");
    let config = json!({"host": "127.0.0.1", "port": server.port()}).to_string();
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.set(logs, &config);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let problem = status().components[0].problem.clone().unwrap();
            println!("{problem}");
            assert!(problem.contains(&server.port().to_string()), "{problem}");
        })
        .await;
    let error = world.settings().scope(logs.connection()).await.unwrap_err();
    assert!(error.to_string().contains("\"ssl\": true"), "{error}");
}

/// The server hangs up before TLS begins, so that it cannot say why.
#[tokio::test]
async fn r5_a_server_at_its_limit_of_clients_hangs_up_on_tls() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    // The connection that sends this stays.
    server.command(&["CONFIG", "SET", "maxclients", "1"]);
    let logs = always_fresh("logs");
    let settings = Settings::fixed([("logs", server.config())]);
    for _ in 0..50 {
        let scoped = settings.clone().scope(logs.connection()).await;
        let blocking = settings.clone();
        let blocking = blocking.scope_blocking(|| logs.blocking_connection().unwrap_err());
        for error in [scoped.unwrap_err(), blocking] {
            assert_eq!(error.kind(), ErrorKind::ServerUnreachable, "{error}");
            let told = error.to_string();
            assert!(told.contains("`maxclients`"), "{told}");
        }
    }
}
