//! The picture of `top` as data, of servers of all kinds.

use redis_components_testing::{Cluster, Sentinels, Server, Tls};
use serde_json::{Value, json};

use crate::common::{Operator, Run, check_schema, wait_until};
use crate::served::Served;

const ONCE: [&str; 3] = ["top", "--interval", "200ms"];

fn make(operator: &Operator, component: &str, config: &str) {
    let file = operator.file("config.json", config);
    operator.done(&["set", component, &file.to_string_lossy(), "--create"]);
}

fn component<'a>(picture: &'a Value, name: &str) -> &'a Value {
    let mut all = picture["components"].as_array().unwrap().iter();
    all.find(|component| component["component"] == name)
        .unwrap()
}

fn server<'a>(picture: &'a Value, name: &Value) -> &'a Value {
    let mut all = picture["servers"].as_array().unwrap().iter();
    all.find(|server| server["server"] == *name).unwrap()
}

fn problems(picture: &Value) -> Vec<&str> {
    let problems = picture["problems"].as_array().unwrap().iter();
    let texts = problems.map(|problem| problem["problem"].as_str().unwrap());
    texts.collect()
}

#[test]
fn r8_a_picture_is_data_without_secrets() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let port = server.port();
    server.command(&["CONFIG", "SET", "requirepass", "s3cret"]);
    let operator = Operator::at(&format!("redis://:s3cret@127.0.0.1:{port}"));
    let secret = json!({"host": "127.0.0.1", "port": port, "password": "s3cret"});
    make(&operator, "logs", &secret.to_string());
    let data = operator.data(&ONCE);
    let address = json!(format!("127.0.0.1:{port}"));
    assert_eq!(data["components"][0]["servers"], json!([address]));
    let seen = &data["servers"][0];
    assert_eq!((&seen["server"], &seen["up"]), (&address, &json!(true)));
    assert!(seen["commands_per_second"].is_number(), "{data:#}");
    assert_eq!(data["components"][0]["changes"][1]["reason"], "first");
    assert!(!data.to_string().contains("s3cret"), "{data:#}");
}

#[test]
fn each_picture_is_a_line_until_it_is_interrupted() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let words = ["top", "-o", "ndjson", "--interval", "100ms"];
    let by = ["timeout", "--preserve-status", "-s", "INT", "1"];
    let output = operator.command_by(&by, &words).output().unwrap();
    let run = Run::of(&output);
    assert_eq!(run.code, 0, "{run:?}");
    let envelope = run.envelope();
    let lines: Vec<_> = run.stdout.lines().collect();
    let (_, events) = lines.split_last().unwrap();
    for event in events {
        check_schema(&serde_json::from_str(event).unwrap());
    }
    assert_eq!(envelope["data"]["events"], events.len());
}

#[test]
fn r13_servers_of_all_kinds_are_looked_at() {
    let (tls, sentinels, cluster) = (Tls::new(), Sentinels::start(), Cluster::start(3, 0));
    let secure = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    let config_server = Server::start();
    let operator = Operator::of(&config_server);
    let path = local.unix_socket().unwrap().to_str().unwrap();
    make(&operator, "secure", &secure.config());
    make(
        &operator,
        "local",
        &json!({"unix_socket_path": path}).to_string(),
    );
    make(&operator, "watched", &sentinels.config());
    let mut spread: Value = serde_json::from_str(&cluster.config()).unwrap();
    spread["read_from"] = json!("replica");
    make(&operator, "spread", &spread.to_string());
    let picture = operator.data(&ONCE);
    let primary = sentinels.servers()[sentinels.primary()].port();
    for (name, servers) in [
        ("secure", vec![format!("127.0.0.1:{}", secure.port())]),
        ("local", vec![path.to_owned()]),
        ("watched", vec![format!("127.0.0.1:{primary}")]),
    ] {
        assert_eq!(
            component(&picture, name)["servers"],
            json!(servers),
            "{picture:#}"
        );
    }
    assert_eq!(
        component(&picture, "spread")["servers"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    for component in picture["components"].as_array().unwrap() {
        for name in component["servers"].as_array().unwrap() {
            let server = server(&picture, name);
            assert_eq!(server["role"], "primary", "{picture:#}");
            assert!(server["commands_per_second"].is_number(), "{picture:#}");
        }
    }
    assert_eq!(problems(&picture), [""; 0]);
}

#[test]
fn r13_a_component_on_a_replica_and_one_that_is_switched_off_are_told_apart() {
    let (config_server, primary, replica) = (Server::start(), Server::start(), Server::start());
    let operator = Operator::of(&config_server);
    let port = primary.port().to_string();
    replica.command(&["REPLICAOF", "127.0.0.1", &port]);
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &format!("port={}", replica.port()),
        "--create",
        "--no-probe",
        "--yes",
    ]);
    operator.done(&["set", "off", "disabled=true", "--create"]);
    let picture = operator.data(&ONCE);
    let [problem] = problems(&picture)[..] else {
        panic!("{picture:#}");
    };
    assert!(problem.contains("it is a replica"), "{problem}");
    assert_eq!(component(&picture, "off")["disabled"], true);
}

#[test]
fn what_may_not_be_seen_is_said() {
    let (config_server, data) = (Server::start(), Server::start());
    Operator::of(&config_server).make_logs(&data);
    let rights = "ACL SETUSER few reset on >p ~config:redis:* +ping +scan +getrange +exists +hello";
    let words: Vec<_> = rights.split_whitespace().collect();
    config_server.command(&words);
    data.command(&["ACL", "SETUSER", "default", "-info"]);
    let port = config_server.port();
    let operator = Operator::at(&format!("redis://few:p@127.0.0.1:{port}"));
    let picture = operator.data(&ONCE);
    let logs = component(&picture, "logs");
    assert_eq!(
        (&logs["fleet"], &logs["changes"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(
        (&picture["processes"], &picture["silent"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(picture["config_server"]["pushes"], false);
    assert_eq!(picture["config_server"]["commands_per_second"], json!(null));
    let problems = problems(&picture).join("\n");
    for words in [
        "the fleet is not shown",
        "silent processes are not shown",
        "moves are not shown",
    ] {
        assert!(problems.contains(words), "{words}: {picture:#}");
    }
    let server = &picture["servers"][0];
    assert!(
        server["problem"].as_str().unwrap().contains("info"),
        "{server:#}"
    );
}

#[test]
fn r13_a_fail_over_is_followed() {
    let (config_server, sentinels) = (Server::start(), Sentinels::start());
    let operator = Operator::of(&config_server);
    make(&operator, "watched", &sentinels.config());
    let served = Served::start(&operator);
    let is_on = |place: usize| {
        let address = json!([format!("127.0.0.1:{}", sentinels.servers()[place].port())]);
        wait_until("the primary is looked at", || {
            let picture = served.snapshot();
            let seen = component(&picture, "watched");
            let name = &seen["servers"][0];
            seen["servers"] == address
                && picture["servers"][0]["server"] == *name
                && picture["servers"][0]["commands_per_second"].is_number()
        });
    };
    is_on(sentinels.primary());
    is_on(sentinels.failover());
}

#[test]
fn a_server_that_hangs_holds_up_nothing_else() {
    let (config_server, hanging, well) = (Server::start(), Server::start(), Server::start());
    let operator = Operator::of(&config_server);
    make(&operator, "logs", &hanging.config());
    make(&operator, "stats", &well.config());
    let served = Served::start(&operator);
    let of = |server: &Server| json!(format!("127.0.0.1:{}", server.port()));
    let looked_at = || served.snapshot()["servers"].as_array().unwrap().len() == 2;
    wait_until("both are looked at", looked_at);
    hanging.freeze();
    let before = served.snapshot()["config_server"]["read_at"].take();
    wait_until("one does not answer, and all else is read", || {
        let picture = served.snapshot();
        assert_eq!(server(&picture, &of(&well))["up"], true, "{picture:#}");
        server(&picture, &of(&hanging))["problem"].is_string()
            && picture["config_server"]["read_at"] != before
    });
    hanging.thaw();
    wait_until("it answers again", || {
        problems(&served.snapshot()).is_empty()
    });
}
