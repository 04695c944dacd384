//! The Python of docs/topologies.md, with the configs that Rust reads.

use std::path::Path;
use std::process::{Command, Stdio};

use redis::AsyncCommands;
use redis_components::Settings;
use redis_components_testing::{Cluster, Sentinels, Server, Tls, python};
use serde_json::{Value, json};

/// Returns the Python under a heading of the page. Its last line is the client.
fn snippet(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/topologies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let code = section.split("```python\n").nth(1).unwrap();
    code.split("```").next().unwrap().trim_end().to_owned()
}

/// Sets a key by the Python of the page.
fn set_in_python(heading: &str, config: &str, value: &str) {
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
    assert!(output.status.success(), "{heading}: {program}{errors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_the_python_of_the_page_reaches_what_rust_reaches() {
    let tls = Tls::new();
    let encrypted = Server::builder().tls(&tls).start();
    let local = Server::builder().unix_socket().start();
    let path = local.unix_socket().unwrap().to_str().unwrap();
    let sentinels = Sentinels::builder().sentinel_password("secret").start();
    let mut of_sentinels: Value = serde_json::from_str(&sentinels.config()).unwrap();
    of_sentinels["sentinel_password"] = json!("secret");
    let cluster = Cluster::start(3, 0);
    let encrypted_cluster = Cluster::builder(3, 0).tls(&tls).start();
    let config_server = Server::start();
    let socket = json!({ "unix_socket_path": path }).to_string();
    for (round, (heading, config)) in [
        ("TLS", encrypted.config()),
        ("A unix socket", socket),
        ("Sentinels", of_sentinels.to_string()),
        ("Redis Cluster", cluster.config()),
        ("Redis Cluster", encrypted_cluster.config()),
    ]
    .into_iter()
    .enumerate()
    {
        let value = format!("round {round}");
        set_in_python(heading, &config, &value);
        config_server.command(&["SET", app::visits::COMPONENT.key(), &config]);
        Settings::new(config_server.url())
            .scope(async {
                let mut connection = app::visits::connection().await.unwrap();
                let read: String = connection.get("written").await.unwrap();
                assert_eq!(read, value, "{heading}");
            })
            .await;
    }
}
