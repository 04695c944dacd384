//! R15: a copy understands each way in which a config may be written.

use redis_components_testing::{Cluster, Server, Tls};
use serde_json::{Value, json};

use crate::common::Operator;
use crate::copier::copier;
use crate::load::RECORD;

/// A program that keeps its environment, and copies nothing.
const SEES: &str = "env > seen; false";

fn make(operator: &Operator, component: &str, config: &Value) {
    let file = operator.file("component.json", &config.to_string());
    operator.done(&["set", component, file.to_str().unwrap(), "--create"]);
}

/// Begins a move whose program copies nothing, and returns the configs that the components would get.
fn begun(config_server: &Server, operator: &Operator, to: &str, with: &[&str]) -> Value {
    let words = ["move", "logs", "--yes", "--copy-with", SEES, "--to", to];
    let (code, envelope) = operator.json(&[&words[..], with].concat());
    let message = envelope["error"]["message"].as_str().unwrap_or_default();
    assert!(
        code == 3 && message.contains("ended with exit code 1"),
        "{envelope:#}"
    );
    let record: String = redis::from_redis_value(config_server.command(&["GET", RECORD])).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    let of =
        |name: &str| -> Option<Value> { serde_json::from_str(record["new"][name].as_str()?).ok() };
    json!({"logs": of("logs"), "stats": of("stats")})
}

#[test]
fn r15_the_program_finds_a_login_in_a_url_and_a_cluster_by_its_other_name() {
    let (config_server, source) = (Server::start(), Server::start());
    let cluster = Cluster::start(3, 0);
    let operator = Operator::of(&config_server);
    let user = [
        "ACL",
        "SETUSER",
        "caller",
        "on",
        ">s3cret/word",
        "~*",
        "&*",
        "+@all",
    ];
    source.command(&user);
    source.command(&["SET", "known", "before"]);
    let url = format!("redis://caller:s3cret%2Fword@127.0.0.1:{}", source.port());
    let of_logs = json!({"url": format!("{url}/0")});
    make(&operator, "logs", &of_logs);
    make(
        &operator,
        "stats",
        &json!({"url": url, "x-owner": "team", "socket_timeout": 2.0}),
    );
    let node = json!({"host": "127.0.0.1", "port": cluster.nodes()[0].port()});
    let there = json!({"startup_nodes": [node], "read_from_replicas": true});
    let file = operator.file("there.json", &there.to_string());
    let to = file.to_str().unwrap();
    let new = begun(&config_server, &operator, to, &["--with", "stats"]);
    let seen = std::fs::read_to_string(file.with_file_name("seen")).unwrap();
    for line in [
        "REDIS_COMPONENTS_SOURCE_USERNAME=caller".to_owned(),
        "REDIS_COMPONENTS_SOURCE_PASSWORD=s3cret/word".to_owned(),
        format!(
            "REDIS_COMPONENTS_SOURCE_URL=redis://127.0.0.1:{}/0",
            source.port()
        ),
        "REDIS_COMPONENTS_SOURCE_KIND=single".to_owned(),
        format!("REDIS_COMPONENTS_SOURCE={of_logs}"),
        "REDIS_COMPONENTS_TARGET_KIND=cluster".to_owned(),
        "REDIS_COMPONENTS_TARGET_USERNAME=".to_owned(),
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line}:\n{seen}");
    }
    let nodes = "REDIS_COMPONENTS_TARGET_NODES=";
    let nodes = seen.lines().find_map(|line| line.strip_prefix(nodes));
    assert_eq!(nodes.unwrap().split(',').count(), 3, "{seen}");
    // What goes along keeps its login, and what is its own.
    let mut stats = there.clone();
    let own = [
        ("username", "caller"),
        ("password", "s3cret/word"),
        ("x-owner", "team"),
    ];
    for (name, value) in own {
        stats[name] = json!(value);
    }
    stats["socket_timeout"] = json!(2.0);
    assert_eq!(new, json!({"logs": there, "stats": stats}));
    let program = copier("");
    let words = ["move", "logs", "--resume", "--yes", "--copy-with", &program];
    assert_eq!(operator.data(&words)["state"], "committed");
    let known = cluster
        .node(cluster.primary_of("known"))
        .command(&["GET", "known"]);
    assert_eq!(redis::from_redis_value::<String>(known).unwrap(), "before");
}

#[test]
fn r15_a_copy_to_an_address_keeps_the_login_and_the_tls_of_a_url() {
    let tls = Tls::new();
    let [source, target] = [(), ()].map(|()| Server::builder().tls(&tls).start());
    let config_server = Server::start();
    let operator = Operator::of(&config_server);
    let user = [
        "ACL", "SETUSER", "caller", "on", ">word", "~*", "&*", "+@all",
    ];
    for server in [&source, &target] {
        server.command(&user);
        crate::load::role(server);
    }
    let mut config: Value = serde_json::from_str(&source.config()).unwrap();
    let fields = config.as_object_mut().unwrap();
    fields.retain(|name, _| name.starts_with("ssl_"));
    let mut wanted = fields.clone();
    let url = format!("rediss://caller:word@127.0.0.1:{}/3", source.port());
    fields.insert("url".to_owned(), json!(url));
    make(&operator, "logs", &config);
    let to = format!("127.0.0.1:{}", target.port());
    let new = begun(&config_server, &operator, &to, &[]);
    let place = json!({
        "host": "127.0.0.1", "port": target.port(), "db": 3, "ssl": true, "username": "caller",
        "password": "word",
    });
    wanted.extend(place.as_object().unwrap().clone());
    assert_eq!(new["logs"], Value::Object(wanted));
    let seen = operator.file("other", "").with_file_name("seen");
    let seen = std::fs::read_to_string(seen).unwrap();
    let line = format!(
        "REDIS_COMPONENTS_SOURCE_URL=rediss://127.0.0.1:{}/3",
        source.port()
    );
    assert!(seen.lines().any(|seen| seen == line), "{seen}");
}

#[test]
fn r15_a_copy_out_of_a_cluster_leaves_its_options_behind() {
    let (config_server, target) = (Server::start(), Server::start());
    let cluster = Cluster::start(3, 0);
    let operator = Operator::of(&config_server);
    let mut config: Value = serde_json::from_str(&cluster.config()).unwrap();
    config["read_from"] = json!("replica");
    config["socket_timeout"] = json!(2.0);
    make(&operator, "logs", &config);
    let to = format!("127.0.0.1:{}", target.port());
    let new = begun(&config_server, &operator, &to, &[]);
    let wanted = json!({"host": "127.0.0.1", "port": target.port(), "socket_timeout": 2.0});
    assert_eq!(new["logs"], wanted);
}
