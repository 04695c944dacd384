//! A canary in every secret is never seen again.

use redis_components_testing::Server;

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
