//! A canary in every secret is never seen again.

use redis_components_testing::Server;
use serde_json::json;

use crate::common::Operator;

const CANARY: &str = "c4n4ry";

#[test]
fn r8_no_secret_is_in_any_output() {
    let server = Server::start_with(&["--requirepass", CANARY]);
    let config_server = Server::start_with(&["--requirepass", CANARY]);
    let url = |port: u16| format!("redis://:{CANARY}@127.0.0.1:{port}");
    let operator = Operator::at(&url(config_server.port()));
    let password = operator.file("password", CANARY);
    let password = format!("password=@{}", password.to_str().unwrap());
    let port = format!("port={}", server.port());
    let valid = operator.file(
        "url.json",
        &format!(
            r#"{{"url": "{}", "x-token": "{CANARY}"}}"#,
            url(server.port())
        ),
    );
    let bad = operator.file(
        "bad.json",
        &format!(r#"{{"host": "h", "pasword": "{CANARY}", "password": "{CANARY}"}}"#),
    );
    let broken = operator.file(
        "broken.json",
        &format!(r#"{{"host": "h" "password": "{CANARY}"}}"#),
    );
    let inline = format!("password={CANARY}");
    let inline_url = format!("url={}", url(server.port()));
    let (valid, bad, broken) = (
        valid.to_str().unwrap(),
        bad.to_str().unwrap(),
        broken.to_str().unwrap(),
    );
    config_server.command(&[
        "SET",
        "config:redis:stats",
        &std::fs::read_to_string(bad).unwrap(),
    ]);
    config_server.command(&[
        "SET",
        "config:redis:locks",
        &std::fs::read_to_string(broken).unwrap(),
    ]);
    let address = format!("127.0.0.1:{}", server.port());
    let commands: &[&[&str]] = &[
        &[
            "set",
            "logs",
            "host=127.0.0.1",
            &port,
            &password,
            "--create",
        ],
        &["set", "logs", "db=1", "--dry-run"],
        &["set", "logs", valid],
        &["set", "logs", bad],
        &["set", "logs", broken],
        &["set", "logs", &inline],
        &["set", "logs", &inline_url],
        &["set", "logs", "password=@/nowhere"],
        &["set", "logs", &port, "password="],
        &["get", "logs"],
        &["get", "stats"],
        &["get", "locks"],
        &["list"],
        &["check"],
        &["check", valid, bad, broken],
        &["diff", "logs", "logs@1"],
        &["diff", "logs", bad],
        &["history", "logs"],
        &["rollback", "logs", "1", "--yes"],
        &["canary", "logs", &password, "--percent", "5", "--dry-run"],
        &["canary", "logs", &password, "--percent", "5"],
        &["canary", "logs", &inline, "--percent", "5"],
        &["canary", "logs", bad, "--percent", "5"],
        &["canary", "logs", "promote", "--yes", "--dry-run"],
        &["canary", "logs"],
        &["canary", "logs", "abort"],
        &["fleet"],
        &["wait", "logs"],
        &["wait", "stats"],
        &["set", "logs", "db=2", "--wait"],
        &["who", "logs"],
        &["who", &address],
        &["who", &address, "--password", CANARY],
        &["doctor"],
    ];
    for format in ["table", "json", "ndjson"] {
        for words in commands {
            let run = operator.run(&[words, &["-o", format][..]].concat());
            for text in [&run.stdout, &run.stderr] {
                assert!(!text.contains(CANARY), "{words:?}: {text}");
            }
        }
    }
    // The canary was there all the time.
    let shown = operator.done(&["get", "logs", "--show-secrets"]);
    assert!(shown.stdout.contains(CANARY));
    let inline = ["list", "--config-server", &url(config_server.port())];
    let refused = operator.run(&inline);
    assert_eq!(refused.code, 2);
    assert!(!refused.stderr.contains(CANARY), "{refused:?}");
}

#[test]
fn r8_a_secret_by_reference_is_resolved_here_or_the_server_is_not_tried() {
    let server = Server::start_with(&["--requirepass", CANARY]);
    let config_server = Server::start();
    let operator = Operator::of(&config_server);
    let here = operator.file("here", CANARY);
    let wrong = operator.file("wrong", "0ther");
    let nowhere = here.with_file_name("nowhere");
    let config = |path: &std::path::Path| json!({"host": "127.0.0.1", "port": server.port(), "password": {"file": path}});
    let file = |name: &str, path: &std::path::Path| {
        let file = operator.file(name, &config(path).to_string());
        file.to_str().unwrap().to_owned()
    };
    let [good, bad, unknown] = [
        file("good.json", &here),
        file("bad.json", &wrong),
        file("unknown.json", &nowhere),
    ];

    let set = operator.data(&["set", "logs", &good, "--create"]);
    assert_eq!(set["server"]["role"], "primary");
    assert_eq!(operator.data(&["get", "logs"])["config"], config(&here));
    let (code, refused) = operator.json(&["set", "logs", &bad]);
    assert_eq!(
        (code, &refused["error"]["code"]),
        (3, &json!("probe_failed"))
    );

    let run = operator.done(&["set", "logs", &unknown, "-o", "json"]);
    assert_eq!(run.envelope()["data"]["server"], json!(null));
    let warning = "`password` names the file";
    assert!(run.stderr.contains(warning), "{run:?}");
    assert!(run.stderr.contains("was not tried from here"), "{run:?}");
    assert_eq!(operator.data(&["get", "logs"])["config"], config(&nowhere));

    let checked = operator.data(&["check"]);
    assert_eq!(checked[0]["ok"], true);
    let said = checked[0]["warnings"][0].as_str().unwrap();
    assert!(said.contains(warning), "{said}");
    let (code, checked) = operator.json(&["check", &good, &bad]);
    assert_eq!(code, 1);
    assert_eq!(checked["data"][0]["server"]["role"], "primary");
    let found = checked["data"][1]["findings"][0]["message"]
        .as_str()
        .unwrap();
    assert!(found.contains("WRONGPASS"), "{found}");

    let (_, diff) = operator.json(&["diff", "logs@1", "logs"]);
    let old_and_new = (&config(&here)["password"], &config(&nowhere)["password"]);
    let difference = &diff["data"]["differences"][0];
    assert_eq!((&difference["a"], &difference["b"]), old_and_new);
    // Fields take references too.
    let reference = format!("password={}", json!({"env": "PATH"}));
    operator.done(&["set", "logs", &reference, "--no-probe", "--yes"]);
    let got = operator.data(&["get", "logs"]);
    assert_eq!(got["config"]["password"], json!({"env": "PATH"}));

    for words in [
        &["get", "logs"][..],
        &["check"],
        &["history", "logs"],
        &["doctor"],
    ] {
        let run = operator.run(words);
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(CANARY), "{words:?}: {text}");
        }
    }
}

#[test]
fn r8_a_secret_in_a_reason_is_refused_and_one_in_a_note_is_warned_of() {
    let server = Server::start_with(&["--requirepass", CANARY]);
    let config_server = Server::start();
    let operator = Operator::at(&format!("redis://127.0.0.1:{}", config_server.port()));
    let config = format!(
        r#"{{"host": "127.0.0.1", "port": {}, "password": "{CANARY}", "x-note": "it is {CANARY}"}}"#,
        server.port()
    );
    let file = operator.file("config.json", &config);
    let file = file.to_str().unwrap();
    let reason = format!("from old to {CANARY}");
    let refused = operator.run(&["set", "logs", file, "--create", "--reason", &reason]);
    assert_eq!(refused.code, 2);
    let says = "--reason holds the value of `password`";
    assert!(refused.stderr.contains(says), "{refused:?}");
    let warned = operator.run(&["set", "logs", file, "--create", "--reason", "a new one"]);
    assert_eq!(warned.code, 0, "{warned:?}");
    let says = "`x-note` holds the value of `password`";
    assert!(warned.stderr.contains(says), "{warned:?}");
    let note = format!("x-other={CANARY} too");
    operator.done(&["set", "logs", "x-note=", &note]);
    let history = operator.done(&["history", "logs", "-o", "json"]);
    assert!(history.stdout.contains("a new one"), "{history:?}");
    assert!(!history.stdout.contains(CANARY), "{history:?}");
}
