//! The Python of docs/topologies.md, with the configs that Rust reads.

use std::path::Path;
use std::process::{Command, Stdio};

use redis::{AsyncCommands, RedisResult};
use redis_components_testing::{Cluster, Sentinels, SentinelsBuilder, Server, Tls, python};
use serde_json::{Value, json};

use crate::patient;

/// Calls the functions of the page, in a thread and in a task. It prints what went wrong in each.
const CALLS: &str = r#"
import asyncio, json, sys
from redis_components import Settings, configure

configure(Settings(connect_timeout=10, response_timeout=10, allow_unix_sockets_under=("/",)))

def said(call):
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"

keep_value = lambda: keep(sys.argv[1] + " thread")
keep_value_in_task = lambda: asyncio.run(keep_in_task(sys.argv[1] + " task"))
print(json.dumps([said(keep_value), said(keep_value_in_task)]))
"#;

/// Returns the Python of the page.
fn snippet() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/topologies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let code = page.split("```python\n").nth(1).unwrap();
    code.split("```").next().unwrap().to_owned()
}

/// Sets a key by the Python of the page, in a thread and in a task. The errors are what each says.
fn set_in_python(config_server: &Server, value: &str) -> [Option<String>; 2] {
    let output = Command::new(python().unwrap())
        .args(["-c", &format!("{}{CALLS}", snippet()), value])
        .env("REDIS_CONFIG_URL", config_server.url())
        .env(
            "PYTHONPATH",
            Path::new(env!("CARGO_MANIFEST_DIR")).join("python/src"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Reads the key that Python has set.
async fn get_in_rust(config_server: &Server) -> RedisResult<String> {
    let get = async { app::logs::connection().await?.get("last").await };
    patient(config_server).scope(get).await
}

fn set_config(config_server: &Server, config: &str) {
    config_server.command(&["SET", app::logs::COMPONENT.key(), config]);
}

/// Asserts that both use the server of each config.
async fn both_reach(configs: &[String]) {
    let config_server = Server::start();
    for (round, config) in configs.iter().enumerate() {
        let value = format!("round {round}");
        set_config(&config_server, config);
        assert_eq!(
            set_in_python(&config_server, &value),
            [None, None],
            "{config}"
        );
        let read = get_in_rust(&config_server).await;
        assert_eq!(read.unwrap(), format!("{value} task"), "{config}");
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
        encrypted.config(),
        json!({ "unix_socket_path": path }).to_string(),
        sentinels.config(),
        cluster.config(),
        encrypted_cluster.config(),
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
        configs.push(with(&sentinels.config(), &logins));
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
    both_reach(&[known.clone(), cluster.config()]).await;
    for config in [
        sentinels.config(),
        with(&known, &json!({"sentinel_password": "wrong"})),
        with(&known, &json!({"service_name": "nobody"})),
        with(&known, &json!({"sentinels": []})),
        with(&known, &json!({"username": "nobody", "password": "p"})),
        with(&encrypted.config(), &json!({"ssl_ca_certs": ca})),
        with(&encrypted.config(), &json!({"sentinel_ssl_ca_certs": ca})),
        with(&encrypted.config(), &json!({"ssl": false})),
        with(&encrypted.config(), &json!({"sentinel_ssl": false})),
        json!({"cluster": [no_cluster]}).to_string(),
        with(&cluster.config(), &json!({"cluster": []})),
        with(&cluster.config(), &json!({"db": 2})),
        with(&cluster.config(), &json!({"ssl_ca_certs": ca})),
        with(&cluster.config(), &json!({"ssl": false})),
        with(
            &cluster.config(),
            &json!({"username": "nobody", "password": "p"}),
        ),
    ] {
        set_config(&config_server, &config);
        for said in set_in_python(&config_server, "refused") {
            said.expect(&config);
        }
        let read = get_in_rust(&config_server).await;
        read.expect_err(&config);
    }
}

/// The difference that docs/config.md tells of.
#[tokio::test]
async fn r11_a_node_with_a_name_of_the_config_is_used_in_rust_alone() {
    let tls = Tls::for_names(&["localhost"]);
    let cluster = Cluster::builder(1, 0).tls(&tls).start();
    let config_server = Server::start();
    cluster.node(0).command(&["SET", "last", "by a test"]);
    let seed = format!("localhost:{}", cluster.node(0).port());
    let config = with(&cluster.config(), &json!({ "cluster": [seed] }));
    set_config(&config_server, &config);
    for said in set_in_python(&config_server, "refused") {
        let said = said.unwrap();
        assert!(said.contains("certificate is not valid for"), "{said}");
    }
    let read = get_in_rust(&config_server).await;
    assert_eq!(read.unwrap(), "by a test");
}
