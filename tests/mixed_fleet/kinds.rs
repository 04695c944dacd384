//! The Python of docs/topologies.md, with the configs that Rust reads.

use std::path::Path;
use std::process::{Command, Stdio};

use redis::{AsyncCommands, RedisResult};
use redis_components_testing::{Cluster, Sentinels, SentinelsBuilder, Server, Tls, python};
use serde_json::{Value, json};

use crate::patient;

/// Returns the Python under a heading of the page. Its last line is the client.
fn snippet(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/topologies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let code = section.split("```python\n").nth(1).unwrap();
    code.split("```").next().unwrap().trim_end().to_owned()
}

/// Sets a key by the Python of the page. The error is what Python says.
fn set_in_python(heading: &str, config: &str, value: &str) -> Result<(), String> {
    let code = snippet(heading);
    let (before, client) = code.rsplit_once('\n').unwrap_or(("", &code));
    let program = format!(
        "import json, sys\nimport redis, redis.cluster, redis.sentinel\nconfig = json.loads(sys.argv[1])\n{before}\n\
         client = {client}\nclient.set('written', sys.argv[2])\n"
    );
    let output = Command::new(python().unwrap())
        .args(["-c", &program, config, value])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let failed = || format!("{heading}: {program}{errors}");
    output.status.success().then_some(()).ok_or_else(failed)
}

/// Reads the key that Python has set.
async fn get_in_rust(config_server: &Server, config: &str) -> RedisResult<String> {
    config_server.command(&["SET", app::visits::COMPONENT.key(), config]);
    let get = async { app::visits::connection().await?.get("written").await };
    patient(config_server).scope(get).await
}

/// Asserts that both use the server of each config.
async fn both_reach(configs: &[(&str, String)]) {
    let config_server = Server::start();
    for (round, (heading, config)) in configs.iter().enumerate() {
        let value = format!("round {round}");
        set_in_python(heading, config, &value).unwrap();
        let read = get_in_rust(&config_server, config).await;
        assert_eq!(read.unwrap(), value, "{heading}");
    }
}

/// A config with other fields.
fn with(config: &str, fields: &Value) -> String {
    let mut config: Value = serde_json::from_str(config).unwrap();
    let fields = fields.as_object().unwrap();
    config.as_object_mut().unwrap().extend(fields.clone());
    config.to_string()
}

/// One server with one sentinel.
fn few() -> SentinelsBuilder {
    Sentinels::builder().replicas(0).sentinels(1, 1)
}

#[tokio::test]
async fn r13_the_python_of_the_page_reaches_what_rust_reaches() {
    let tls = Tls::new();
    let encrypted = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    let path = local.unix_socket().unwrap().to_str().unwrap();
    let sentinels = few().start();
    let cluster = Cluster::start(3, 0);
    let encrypted_cluster = Cluster::builder(3, 0).tls(&tls).start();
    both_reach(&[
        ("TLS", encrypted.config()),
        (
            "A unix socket",
            json!({ "unix_socket_path": path }).to_string(),
        ),
        ("Sentinels", sentinels.config()),
        ("Redis Cluster", cluster.config()),
        ("Redis Cluster", encrypted_cluster.config()),
    ])
    .await;
}

#[tokio::test]
async fn r13_the_python_of_the_page_knows_the_login_and_the_tls_of_sentinels() {
    let tls = Tls::new();
    let logins = json!({
        "username": "app",
        "password": "of-the-app",
        "sentinel_username": "watcher",
        "sentinel_password": "of-the-watcher",
    });
    let mut configs = Vec::new();
    let mut running = Vec::new();
    for builder in [
        few(),
        few().tls(&tls).require_client_certificates(),
        few().tls_of_servers(&tls),
        few().tls_of_sentinels(&tls),
    ] {
        let sentinels = builder
            .password("of-the-servers")
            .user("app", "of-the-app", &["~*", "&*", "+@all"])
            .sentinel_password("of-the-sentinels")
            .sentinel_user("watcher", "of-the-watcher", &["&*", "+@all"])
            .start();
        configs.push(("Sentinels", with(&sentinels.config(), &logins)));
        running.push(sentinels);
    }
    both_reach(&configs).await;
}

#[tokio::test]
async fn r13_what_rust_refuses_the_python_of_the_page_refuses() {
    let (tls, stranger) = (Tls::new(), Tls::new());
    let config_server = Server::start();
    let sentinels = few().sentinel_password("of-the-sentinels").start();
    let encrypted = few().tls(&tls).start();
    let cluster = Cluster::builder(1, 0).tls(&tls).start();
    let no_cluster = format!("127.0.0.1:{}", config_server.port());
    let ca = stranger.ca();
    let login = json!({"sentinel_password": "of-the-sentinels"});
    let known = with(&sentinels.config(), &login);
    both_reach(&[
        ("Sentinels", known.clone()),
        ("Redis Cluster", cluster.config()),
    ])
    .await;
    for (heading, config) in [
        ("Sentinels", sentinels.config()),
        (
            "Sentinels",
            with(&known, &json!({"sentinel_password": "wrong"})),
        ),
        (
            "Sentinels",
            with(&known, &json!({"service_name": "nobody"})),
        ),
        ("Sentinels", with(&known, &json!({"sentinels": []}))),
        (
            "Sentinels",
            with(&known, &json!({"username": "nobody", "password": "p"})),
        ),
        (
            "Sentinels",
            with(&encrypted.config(), &json!({"ssl_ca_certs": ca})),
        ),
        (
            "Sentinels",
            with(&encrypted.config(), &json!({"sentinel_ssl_ca_certs": ca})),
        ),
        (
            "Sentinels",
            with(&encrypted.config(), &json!({"ssl": false})),
        ),
        (
            "Sentinels",
            with(&encrypted.config(), &json!({"sentinel_ssl": false})),
        ),
        (
            "Redis Cluster",
            json!({"cluster": [no_cluster]}).to_string(),
        ),
        (
            "Redis Cluster",
            with(&cluster.config(), &json!({"cluster": []})),
        ),
        ("Redis Cluster", with(&cluster.config(), &json!({"db": 2}))),
        (
            "Redis Cluster",
            with(&cluster.config(), &json!({"ssl_ca_certs": ca})),
        ),
        (
            "Redis Cluster",
            with(&cluster.config(), &json!({"ssl": false})),
        ),
        (
            "Redis Cluster",
            with(
                &cluster.config(),
                &json!({"username": "nobody", "password": "p"}),
            ),
        ),
    ] {
        set_in_python(heading, &config, "refused").expect_err(&config);
        let read = get_in_rust(&config_server, &config).await;
        read.expect_err(&config);
    }
}

/// The difference that docs/config.md tells of.
#[tokio::test]
async fn r11_a_node_with_a_name_of_the_config_is_used_in_rust_alone() {
    let tls = Tls::for_names(&["localhost"]);
    let cluster = Cluster::builder(1, 0).tls(&tls).start();
    let config_server = Server::start();
    cluster.node(0).command(&["SET", "written", "by a test"]);
    let seed = format!("localhost:{}", cluster.node(0).port());
    let config = with(&cluster.config(), &json!({ "cluster": [seed] }));
    let said = set_in_python("Redis Cluster", &config, "refused").unwrap_err();
    assert!(said.contains("certificate is not valid for"), "{said}");
    let read = get_in_rust(&config_server, &config).await;
    assert_eq!(read.unwrap(), "by a test");
}
