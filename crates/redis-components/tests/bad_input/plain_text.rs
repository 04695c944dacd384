//! Plain text where TLS is spoken, and TLS where plain text is.

use redis_components::ErrorKind;
use redis_components_testing::{Cluster, Sentinels, Server, Tls};
use serde_json::json;

use crate::common::with;
use crate::refused::{Refused, SILENT, is_refused};

fn place(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

fn few() -> redis_components_testing::SentinelsBuilder {
    Sentinels::builder().replicas(0).sentinels(1, 1)
}

#[tokio::test]
async fn r11_servers_without_tls_are_not_used_by_a_config_that_asks_for_it() {
    let tls = Tls::new();
    let cluster = Cluster::start(1, 0);
    let sentinels = few().start();
    for (config, prefix, server) in [
        (cluster.config(), "", &*cluster.node(0)),
        (sentinels.config(), "", sentinels.server(0)),
        (sentinels.config(), "sentinel_", sentinels.sentinel(0)),
    ] {
        let [ssl, ca] = ["ssl", "ssl_ca_certs"].map(|name| format!("{prefix}{name}"));
        let config = with(&config, &json!({ssl: true, ca: tls.ca()}));
        server.command(&["PING"]);
        let refused = Refused {
            config: &config,
            kind: ErrorKind::ServerUnreachable,
            says: &[
                &place(server),
                "a server that does not speak TLS at this port does not answer",
            ],
            patience: SILENT,
        };
        refused.check().await;
    }
}

#[tokio::test]
async fn r11_servers_with_tls_are_not_used_by_a_config_that_does_not_ask_for_it() {
    let tls = Tls::new();
    let cluster = Cluster::builder(1, 0).tls(&tls).start();
    let sentinels = few().tls(&tls).start();
    for (config, prefix, server) in [
        (cluster.config(), "", &*cluster.node(0)),
        (sentinels.config(), "", sentinels.server(0)),
        (sentinels.config(), "sentinel_", sentinels.sentinel(0)),
    ] {
        let ssl = format!("{prefix}ssl");
        let config = with(&config, &json!({ &ssl: false }));
        let advice = format!("\"{ssl}\": true");
        let says = [&*place(server), &advice];
        is_refused(&config, ErrorKind::ServerUnreachable, &says).await;
    }
}
