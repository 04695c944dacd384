//! R15: servers that speak TLS only.

use redis_components_testing::{Server, Tls};
use serde_json::json;

use crate::common::{Operator, wait_until};
use crate::load::{Load, role};

#[test]
fn r15_data_moves_between_servers_that_speak_tls_only() {
    let tls = Tls::new();
    let config = Server::start();
    let servers = [(), ()].map(|()| {
        let server = Server::builder().tls(&tls);
        server
            .arguments(&["--repl-diskless-sync-delay", "0"])
            .start()
    });
    let operator = Operator::of(&config);
    let first = operator.file("first.json", &servers[0].config());
    operator.done(&["set", "logs", first.to_str().unwrap(), "--create"]);
    let load = Load::start(&config);
    load.goes_on();
    let second = operator.file("second.json", &servers[1].config());
    let words = ["move", "logs", "--to", second.to_str().unwrap(), "--yes"];
    for server in &servers {
        server.command(&["CONFIG", "SET", "tls-replication", "no"]);
        role(server);
    }
    let (code, envelope) = operator.json(&words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("not_possible")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("tls-replication yes"), "{message}");
    for server in &servers {
        server.command(&["CONFIG", "SET", "tls-replication", "yes"]);
        role(server);
    }
    let moved = operator.data(&words);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    load.goes_on();
    wait_until("it takes over", || role(&servers[1]) == "master");
    let back = operator.data(&["move", "logs", "--undo", "--yes"]);
    assert_eq!(back["state"], "committed", "{back:#}");
    load.goes_on();
    load.end(&servers[0]);
}

#[test]
fn r15_a_server_in_plain_text_does_not_move_to_one_that_speaks_tls() {
    let (config, source) = (Server::start(), Server::start());
    let tls = Tls::new();
    let target = Server::builder().tls(&tls).start();
    let operator = Operator::of(&config);
    operator.make_logs(&source);
    let file = operator.file("target.json", &target.config());
    let words = ["move", "logs", "--to", file.to_str().unwrap(), "--yes"];
    let (code, envelope) = operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!(
        (code, message.contains("neither")),
        (3, true),
        "{envelope:#}"
    );
    assert_eq!(role(&target), "master");
}
