//! Servers behind TLS, unix sockets and sentinels, and clusters.

use redis_components_testing::{Cluster, Sentinels, Server, Tls};
use serde_json::json;

use crate::common::{Operator, wait_until};

#[test]
fn r13_a_component_moves_from_tcp_to_tls_and_to_a_unix_socket() {
    let tls = Tls::new();
    let secure = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);

    let file = operator.file("tls.json", &secure.config());
    let checked = operator.data(&["check", file.to_str().unwrap()]);
    assert_eq!(checked[0]["server"]["role"], "primary");
    operator.done(&["set", "logs", file.to_str().unwrap()]);

    let path = local.unix_socket().unwrap().to_str().unwrap();
    let file = operator.file("unix.json", &json!({"unix_socket_path": path}).to_string());
    let set = operator.data(&["set", "logs", file.to_str().unwrap()]);
    assert_eq!(set["endpoint"], path);
    assert_eq!(operator.data(&["list"])[0]["endpoint"], path);
    let (_, diff) = operator.json(&["diff", "logs@2", "logs"]);
    let fields = diff["data"]["differences"].as_array().unwrap();
    let fields: Vec<_> = fields
        .iter()
        .map(|row| row["field"].as_str().unwrap())
        .collect();
    assert!(
        fields.contains(&"ssl") && fields.contains(&"unix_socket_path"),
        "{diff:#}"
    );
}

#[test]
fn r13_a_component_moves_to_sentinels_and_to_a_cluster() {
    let sentinels = Sentinels::start();
    let cluster = Cluster::start(3, 0);
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);

    let file = operator.file("sentinels.json", &sentinels.config());
    let checked = operator.data(&["check", file.to_str().unwrap()]);
    assert_eq!(checked[0]["server"]["role"], "primary");
    assert_eq!(
        checked[0]["server"]["address"],
        format!(
            "127.0.0.1:{}",
            sentinels.servers()[sentinels.primary()].port()
        )
    );
    operator.done(&["set", "logs", file.to_str().unwrap()]);

    let file = operator.file("cluster.json", &cluster.config());
    let checked = operator.data(&["check", file.to_str().unwrap()]);
    let nodes = checked[0]["server"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3, "{checked:#}");
    operator.done(&["set", "logs", file.to_str().unwrap()]);
}

#[test]
fn r13_sentinels_and_clusters_that_cannot_be_used_are_not_written() {
    let sentinels = Sentinels::start();
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let mut unknown: serde_json::Value = serde_json::from_str(&sentinels.config()).unwrap();
    unknown["service_name"] = json!("nobody");
    let seed = format!("127.0.0.1:{}", server.port());
    for (config, reason) in [
        (unknown, "nobody"),
        (json!({"cluster": [seed]}), "cluster"),
        (
            json!({"sentinels": ["127.0.0.1:1"], "service_name": "logs"}),
            "127.0.0.1:1",
        ),
    ] {
        let file = operator.file("bad.json", &config.to_string());
        let (code, envelope) = operator.json(&["set", "logs", file.to_str().unwrap()]);
        let error = &envelope["error"];
        assert_eq!((code, &error["code"]), (3, &json!("probe_failed")));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    assert_eq!(
        operator.data(&["get", "logs"])["config"]["port"],
        server.port()
    );
}

#[test]
fn r11_a_certificate_that_is_not_trusted_is_not_written() {
    let secure = Server::builder().tls(&Tls::new()).start();
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let port = format!("port={}", secure.port());
    let (code, envelope) = operator.json(&["set", "logs", &port, "ssl=true"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("probe_failed"))
    );
    let (code, _) = operator.json(&["set", "logs", &port]);
    assert_eq!(code, 3);
    assert_eq!(
        operator.data(&["get", "logs"])["config"]["port"],
        server.port()
    );
}

#[test]
fn the_config_server_may_be_behind_tls() {
    let tls = Tls::new();
    let server = Server::builder().tls(&tls).start();
    let operator = Operator::at(&server.config());
    let file = operator.file("logs.json", &server.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    assert_eq!(operator.data(&["list"])[0]["component"], "logs");
}

#[test]
fn r13_an_address_that_only_the_cluster_names_is_told_as_its_own() {
    let (server, cluster) = (Server::start(), Cluster::start(3, 0));
    let operator = Operator::of(&server);
    let seed = cluster.node(0).port();
    let config = json!({"cluster": [format!("127.0.0.1:{seed}")]});
    let file = operator.file("logs.json", &config.to_string());
    let announced = ["CONFIG", "SET", "cluster-announce-ip", "127.0.0.77"];
    cluster.node(1).command(&announced);
    let mut message = String::new();
    wait_until("it is announced", || {
        let (code, envelope) = operator.json(&["check", file.to_str().unwrap()]);
        message = envelope["data"][0]["findings"].to_string();
        code == 1 && message.contains("127.0.0.77")
    });
    let port = cluster.node(1).port();
    let named = format!("127.0.0.77:{port}, which the cluster announces: ");
    assert!(message.contains(&named), "{message}");
}

/// What an application may set says nothing to an operator.
#[test]
fn r11_a_config_that_the_policy_forbids_is_told_with_what_an_operator_can_do() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let secure = Server::builder().tls(&Tls::new()).start();
    let port = format!("port={}", secure.port());
    let unverified = ["ssl=true", "ssl_cert_reqs=none"];
    let words = ["set", "logs", "host=127.0.0.1", &port, "--create"];
    let words = [&words[..], &unverified].concat();
    let forced = [&words[..], &["--no-probe", "--yes"]].concat();
    let to = format!("127.0.0.1:{}", server.port());
    let is_told = |words: &[&str]| {
        let run = operator.run(words);
        assert_ne!(run.code, 0, "{words:?}: {run:#?}");
        let said = format!("{}{}", run.stdout, run.stderr);
        let is_told = said.contains("commands have the policy that applications have by default");
        assert!(is_told, "{words:?}: {run:#?}");
    };
    is_told(&words);
    operator.done(&forced);
    is_told(&["check", "--component", "logs"]);
    is_told(&["who", "logs"]);
    is_told(&["move", "logs", "--to", &to, "--yes"]);
    is_told(&["doctor"]);
}
