//! The scripts that start servers, with real servers: their users may do what they need.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis_components::{Policy, Settings, status};
use tempfile::TempDir;

use crate::common::{declare, name_of, patient, until};
use crate::names::{read, root};

/// A server that a script has started, on a socket in the folder.
struct Started(Child);

impl Started {
    fn start(script: &str, folder: &Path) -> Self {
        let socket = folder.join(format!("{script}.sock"));
        let mut command = Command::new("sh");
        command
            .arg(root().join("contrib/servers").join(script))
            .args(["--port", "0", "--unixsocket"])
            .arg(&socket)
            .args(["--appendfilename", script, "--dir"])
            .arg(folder)
            .env("SECRETS", folder)
            .env("TMPDIR", folder)
            .env("COMPONENT", "logs")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let started = Self(command.spawn().unwrap());
        crate::common::until_blocking("the server listens", || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
        started
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a connection of a user.
fn user(folder: &Path, script: &str, name: &str, password: &str) -> redis::Connection {
    let socket = folder.join(format!("{script}.sock"));
    let url = format!(
        "redis+unix://{}?user={name}&pass={password}",
        socket.display()
    );
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

fn config(folder: &Path, script: &str, name: &str) -> String {
    serde_json::json!({
        "unix_socket_path": folder.join(format!("{script}.sock")),
        "username": name,
        "password": {"file": folder.join(name)},
    })
    .to_string()
}

const CONFIG_SERVER: &str = "config-server.sh";
const DATA_SERVER: &str = "data-server.sh";

#[tokio::test]
async fn r11_the_servers_of_the_examples_let_processes_follow_and_do_no_more() {
    let folder = TempDir::new().unwrap();
    let folder = fs::canonicalize(folder.path())
        .map(|path| (folder, path))
        .unwrap();
    let (_kept, folder) = (folder.0, folder.1.as_path());
    for (name, password) in [("services", "a b$c\n"), ("operator", "o"), ("logs", "l\n")] {
        fs::write(folder.join(name), password).unwrap();
    }
    let _config_server = Started::start(CONFIG_SERVER, folder);
    let _data_server = Started::start(DATA_SERVER, folder);

    let mut data = user(folder, DATA_SERVER, "logs", "l");
    redis::cmd("SET")
        .arg("name")
        .arg("d")
        .exec(&mut data)
        .unwrap();
    redis::cmd("CONFIG")
        .arg("GET")
        .arg("*")
        .exec(&mut data)
        .unwrap_err();
    let mut operator = user(folder, CONFIG_SERVER, "operator", "o");
    let mut set = redis::cmd("SET");
    set.arg("config:redis:logs")
        .arg(config(folder, DATA_SERVER, "logs"));
    set.exec(&mut operator).unwrap();

    let policy = Policy::new()
        .allow_unix_sockets_under(folder)
        .allow_secret_files_under(folder);
    let settings = Settings::new(config(folder, CONFIG_SERVER, "services"));
    patient(settings.policy(policy).application("example"))
        .scope(async {
            let logs = declare("logs", Duration::from_millis(20));
            let mut connection = logs.connection().await.unwrap();
            assert_eq!(name_of(&mut connection).await.unwrap(), "d");
            assert_eq!(status().components[0].problem, None);
            until("the operator sees the receipt", async || {
                let mut members = redis::cmd("ZRANGE");
                members.arg("redis-components:fleet").arg(0).arg(-1);
                let members: Vec<String> = members.query(&mut operator).unwrap();
                members.iter().any(|member| member.starts_with("example:"))
            })
            .await;
        })
        .await;
}

/// The rights are those of the pages, word by word.
#[test]
fn the_users_are_those_of_the_documentation() {
    let script = read("contrib/servers/config-server.sh");
    let rights = |text: &str, begin: &str| -> Vec<String> {
        let found = text.find(begin).unwrap_or_else(|| panic!("{begin}"));
        let rest = &text[found + begin.len()..];
        let ends = ["\nuser ", "\nEND", "\n```"];
        let end = ends.iter().filter_map(|end| rest.find(end)).min();
        let words = rest[..end.unwrap()].split_whitespace();
        let mut rights: Vec<String> = words
            .filter(|word| word.starts_with(['+', '-', '~', '%']))
            .map(str::to_owned)
            .collect();
        rights.sort_unstable();
        rights
    };
    for (user, page, documented) in [
        (
            "services",
            "docs/security.md",
            &["ACL SETUSER config-reader-with-receipts "][..],
        ),
        (
            "operator",
            "docs/operations.md",
            &[
                "ACL SETUSER operator on ",
                "besides:\n\n```text\nACL SETUSER operator ",
            ],
        ),
    ] {
        let here = rights(&script, &format!("\nuser {user} "));
        let page = read(page);
        let documented = documented.iter().flat_map(|begin| rights(&page, begin));
        let mut documented: Vec<_> = documented.collect();
        documented.sort_unstable();
        assert_eq!(here, documented, "{user}");
        assert!(here.len() > 8);
    }
}
