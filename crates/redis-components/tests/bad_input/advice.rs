//! Servers and configs that are of no use, and what to do about each.

use redis_components::ErrorKind;
use redis_components_testing::Server;
use serde_json::json;

use crate::common::impostors::{impostor, tarpit, web_server};
use crate::common::with;
use crate::refused::{Refused, SILENT, is_refused};

#[tokio::test]
async fn r5_what_answers_without_being_a_redis_server_says_what_to_check() {
    let port = impostor(web_server);
    let config = json!({"host": "127.0.0.1", "port": port}).to_string();
    let says = ["what answers is not a Redis server; check its address"];
    is_refused(&config, ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r5_a_server_that_is_silent_says_what_to_check() {
    let port = impostor(tarpit);
    let config = json!({"host": "127.0.0.1", "port": port}).to_string();
    let refused = Refused {
        config: &config,
        kind: ErrorKind::ServerUnreachable,
        says: &["no answer in time (2s); check that it runs, and its address"],
        patience: SILENT,
    };
    refused.check().await;
}

#[tokio::test]
async fn r5_a_database_that_the_server_does_not_have_names_its_field() {
    let server = Server::start();
    let config = with(&server.config(), &json!({"db": 99}));
    let says = ["DB index is out of range; see `db`"];
    is_refused(&config, ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r5_an_unknown_field_is_answered_with_all_fields_also_those_of_tls() {
    let config = json!({"host": "h", "weather": "fine"}).to_string();
    let says = [
        "the fields are ",
        "host, port",
        ", ssl_ca_certs",
        ", ssl_certfile",
        ", ssl_keyfile",
        ", ssl_server_name",
    ];
    is_refused(&config, ErrorKind::ConfigInvalid, &says).await;
}
