//! Waiting for processes whose configs refer to secrets that the operator does not see.

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::{Operator, wait_until};
use crate::moving_python::Counting;
use crate::processes::Process;

/// Lets the user `app` log in with one more password.
fn add_password(server: &Server, password: &str) {
    let password = format!(">{password}");
    let user = ["ACL", "SETUSER", "app", "on", &password, "~*", "+@all"];
    server.command(&user);
}

/// Returns a field of each process, in Rust and in Python.
fn told(operator: &Operator, field: &str) -> Vec<Value> {
    let rows = operator.data(&["fleet", "logs"])["rows"].clone();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[field].clone()).collect()
}

#[test]
fn r14_processes_follow_a_config_whose_password_the_operator_does_not_see() {
    let (config_server, server) = (Server::start(), Server::start());
    let operator = Operator::of(&config_server);
    add_password(&server, "first");
    let secret = operator.file("secret", "first\n");
    let port = format!("port={}", server.port());
    let password = format!("password={}", json!({"file": secret}));
    let words = ["set", "logs", "host=127.0.0.1", &port, &password];
    operator.done(&[&words[..], &["username=app", "--create"]].concat());
    let _process = Process::start(&config_server.url(), None);
    let mut counting = Counting::start(&config_server);
    counting.goes_on();
    wait_until("both processes report", || {
        told(&operator, "state") == ["ok", "ok"]
    });
    let words = [
        "set",
        "logs",
        "max_connections=40",
        "--wait",
        "--ignore-silent",
    ];
    let set = operator.data(&[&words[..], &["--timeout", "20s"]].concat());
    assert_eq!(set["wait"]["following"], 2, "{set:#}");
    let list = operator.data(&["list"]);
    let wanted = json!({"following": 2, "expected": 2, "silent": 0, "problems": 0});
    assert_eq!(list[0]["fleet"], wanted);
    let digest = list[0]["digest"].clone();

    // A rotation is a swap of the same config.
    let before = told(&operator, "generation");
    add_password(&server, "second");
    operator.file("secret", "second\n");
    wait_until("both processes have swapped", || {
        let now = told(&operator, "generation");
        now.iter()
            .zip(&before)
            .all(|(now, before)| now.as_u64() > before.as_u64())
    });
    assert_eq!(told(&operator, "applied"), [digest.clone(), digest]);
    operator.done(&["wait", "logs", "--timeout", "20s"]);

    // One that is refused is a refusal of the config.
    operator.file("secret", "wrong\n");
    wait_until("both processes refuse it", || {
        told(&operator, "state") == ["refused", "refused"]
    });
    let (code, envelope) = operator.json(&["wait", "logs", "--timeout", "20s"]);
    let error = &envelope["error"]["code"];
    assert_eq!((code, error), (3, &json!("process_refused")));
    counting.goes_on();
}
