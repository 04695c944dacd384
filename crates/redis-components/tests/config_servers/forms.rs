//! What says where the config server is.

use std::time::Duration;

use redis_components::{ErrorKind, Settings, status};
use redis_components_testing::{Server, Tls};
use serde_json::{Value, json};

use crate::common::{HOUR, arrives, declare, patient, whereabouts};
use crate::{Data, address, set};

#[tokio::test]
async fn r13_a_config_server_over_tls_or_a_unix_socket_is_named_by_json() {
    let (data, tls) = (Data::start(), Tls::new());
    let secure = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    let path = local.unix_socket().unwrap().to_str().unwrap();
    let socket = json!({ "unix_socket_path": path }).to_string();
    for (server, text) in [
        (&secure, secure.config()),
        (&local, socket.clone()),
        (&local, format!("[{socket}, {}]", secure.config())),
        (
            &secure,
            format!("[\"redis://127.0.0.1:1\", {}]", secure.config()),
        ),
    ] {
        let logs = declare("logs", HOUR);
        set(server, &data.a);
        patient(Settings::new(&text))
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a", "{text}");
                set(server, &data.b);
                arrives(logs, "b").await;
                let used = status().components[0].config_server.clone().unwrap();
                let config: Value = serde_json::from_str(&server.config()).unwrap();
                let port = config["port"].to_string();
                assert!(used == path || used.ends_with(&port), "{used}");
            })
            .await;
    }
}

#[tokio::test]
async fn r13_what_cannot_be_a_config_server_is_refused_with_who_named_it() {
    let logs = declare("logs", HOUR);
    for (text, reason) in [
        ("redis://a,,redis://b", "server 1"),
        ("[]", "empty list"),
        (r#"{"host": "a", "hots": 1}"#, "`hots`"),
        (r#"{"cluster": ["a:1"]}"#, "is a cluster"),
        (r#"{"host": "a""#, "line 1"),
    ] {
        Settings::new(text)
            .scope(async {
                let error = whereabouts(logs).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Settings);
                let text = error.to_string();
                assert!(text.contains("`Settings::new`"), "{text}");
                assert!(text.contains(reason), "{text}");
            })
            .await;
    }
}

#[tokio::test]
async fn r11_a_config_server_that_does_not_speak_tls_is_told_from_one_that_is_silent() {
    let (plain, silent) = (Server::start(), Server::start());
    silent.freeze();
    let url = format!("rediss://127.0.0.1:{}", plain.port());
    let advice = "a server that does not speak TLS at this port does not answer";
    for (text, says) in [
        (url.clone(), vec![advice.to_owned()]),
        (
            format!("{url}, {}", silent.url()),
            vec![
                format!("{}: no answer in time (1s); {advice}", address(&plain)),
                format!("{}: no answer in time (1s)", address(&silent)),
            ],
        ),
    ] {
        let logs = declare("logs", HOUR);
        let settings = Settings::new(text).connect_timeout(Duration::from_secs(1));
        settings
            .scope(async {
                let error = whereabouts(logs).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConfigServerUnreachable);
                let text = error.to_string();
                assert!(says.iter().all(|part| text.contains(part)), "{text}");
                assert!(
                    !text.contains(&format!("{}: no answer in time (1s); a", address(&silent)))
                );
            })
            .await;
    }
    silent.thaw();
}
