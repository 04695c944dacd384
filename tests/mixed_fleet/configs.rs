//! The configs of `config-cases.json` with redis-py, which says of each what it means there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use redis_components::ComponentConfig;
use redis_components_testing::{Server, python};
use serde_json::{Map, Value, json};

/// What a connection of redis-py knows of its config.
const OF_A_CONNECTION: [&str; 14] = [
    "host",
    "port",
    "db",
    "username",
    "password",
    "unix_socket_path",
    "ssl",
    "ssl_ca_certs",
    "ssl_ca_data",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_min_version",
    "ssl_cert_reqs",
    "ssl_check_hostname",
];

#[test]
fn redis_py_takes_and_refuses_what_the_corpus_says() {
    let corpus = read("tests/config_fields/config-cases.json");
    let server = Server::start();
    server.command(&["ACL", "SETUSER", "reader", "on", "nopass", "~*", "+@all"]);
    let schema = runtime().join("config.schema.json");
    let answers = run(&[
        "cases",
        &server.port().to_string(),
        schema.to_str().unwrap(),
    ]);
    let cases = corpus["cases"].as_array().unwrap();
    assert_eq!(answers.len(), cases.len());
    let mut failures = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let name = &case["name"];
        assert_eq!(*name, answer["name"]);
        let (expected, found) = (expected(case), &answer["redis_py"]);
        if expected != "varies" && expected != *found {
            failures.push(format!(
                "{name}: {found} with redis-py, {expected} in the corpus"
            ));
        }
        // `null` for a url, and for what is no JSON.
        let is_taken = case.get("means").is_some() || case["schema"] == "cannot tell";
        if answer["schema"]
            .as_bool()
            .is_some_and(|valid| valid != is_taken)
        {
            failures.push(format!("{name}: {} by the JSON Schema", answer["schema"]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_keyword_of_redis_py_is_known() {
    let keywords = run(&["keywords"]);
    assert!(keywords.len() > 100, "{keywords:?}");
    for keyword in &keywords {
        let name = keyword["name"].as_str().unwrap();
        let mut config = json!({"host": "h", "ssl": false});
        config[name] = json!("a value");
        if let Err(error) = ComponentConfig::from_json(&config.to_string()) {
            assert!(!error.to_string().contains("not a known field"), "{error}");
        }
    }
}

#[test]
fn the_defaults_of_redis_py_mean_nothing_more() {
    let keywords = run(&["keywords"]);
    let of_redis = keywords
        .iter()
        .filter(|keyword| keyword["of_redis"] == true);
    let defaults: Map<String, Value> = of_redis
        .map(|keyword| {
            (
                keyword["name"].as_str().unwrap().to_owned(),
                keyword["default"].clone(),
            )
        })
        .collect();
    assert!(defaults.len() > 50, "{defaults:?}");
    let config = ComponentConfig::from_json(&Value::Object(defaults).to_string()).unwrap();
    let times = r#"{"host": "localhost", "socket_timeout": 5, "socket_connect_timeout": 5}"#;
    assert_eq!(config, ComponentConfig::from_json(times).unwrap());
}

/// What redis-py makes of a case, as the corpus says it.
fn expected(case: &Value) -> Value {
    match (case.get("redis_py"), case.get("means")) {
        (Some(different), _) => different.clone(),
        (None, Some(means)) => {
            let fields = means.as_object().unwrap().iter();
            let known = fields.filter(|(name, _)| OF_A_CONNECTION.contains(&name.as_str()));
            let known: Map<_, _> = known
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            json!({"means": known})
        }
        (None, None) => json!("refuses"),
    }
}

/// Runs `redis_py.py` with the corpus as its input.
fn run(arguments: &[&str]) -> Vec<Value> {
    let folder = runtime().join("tests/config_fields");
    let corpus = std::fs::File::open(folder.join("config-cases.json")).unwrap();
    let output = Command::new(python().unwrap())
        .args(["-W", "ignore"])
        .arg(folder.join("redis_py.py"))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(corpus)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["answers"].as_array().unwrap().clone()
}

pub(crate) fn read(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(runtime().join(path)).unwrap()).unwrap()
}

/// The folder of the runtime's crate.
pub(crate) fn runtime() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/redis-components")
}
