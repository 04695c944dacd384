//! Where the config server is.

use std::process::Stdio;

use redis_components_testing::{Proxy, Server};
use serde_json::json;

use crate::common::{Operator, Run, wait_until};
use crate::served::Served;

fn address(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

/// What is written on another server than that of the processes is read by nobody.
#[test]
fn a_refusal_of_the_first_config_server_counts_and_its_silence_is_told() {
    let [first, second] = [Server::start(), Server::start()];
    for server in [&first, &second] {
        Operator::of(server).make_logs(server);
    }
    first.command(&["CONFIG", "SET", "requirepass", "right"]);
    let list = format!("{},{}", first.url(), second.url());
    let operator = Operator::at(&list);
    for words in [&["get", "logs"][..], &["set", "logs", "db=1"]] {
        let (code, envelope) = operator.json(words);
        let error = &envelope["error"];
        assert_eq!((code, &error["code"]), (5, &json!("config_server_refused")));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&address(&first)), "{message}");
    }
    first.stop();
    let run = operator.done(&["set", "logs", "db=1"]);
    let warned = [
        format!("{} is used instead", address(&second)),
        format!("the config server {} cannot be used", address(&first)),
    ];
    assert!(
        warned.iter().all(|text| run.stderr.contains(text)),
        "{run:#?}"
    );
    second.stop();
    let run = operator.run(&["get", "logs"]);
    assert_eq!(run.code, 5);
    for server in [&first, &second] {
        assert!(run.stderr.contains(&address(server)), "{run:#?}");
    }
}

/// A wrong password is an answer too, however the list is written.
#[test]
fn a_wrong_password_of_the_first_config_server_counts() {
    let [first, second] = [Server::start(), Server::start()];
    Operator::of(&second).make_logs(&second);
    first.command(&["CONFIG", "SET", "requirepass", "right"]);
    let wrong = format!("redis://:wrong@{}", address(&first));
    let json = json!([
        {"host": "127.0.0.1", "port": first.port(), "password": "wrong"},
        {"host": "127.0.0.1", "port": second.port()},
    ]);
    for list in [format!("{wrong},{}", second.url()), json.to_string()] {
        let operator = Operator::at(&list);
        for words in [
            &["get", "logs"][..],
            &["set", "logs", "db=1"],
            &["wait", "logs"],
        ] {
            let (code, envelope) = operator.json(words);
            let error = &envelope["error"];
            assert_eq!((code, &error["code"]), (5, &json!("config_server_refused")));
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(&address(&first)), "{message}");
        }
    }
    assert_eq!(
        Operator::of(&second).data(&["get", "logs"])["config"]["db"],
        json!(null)
    );
}

#[test]
fn all_commands_say_that_a_config_server_was_passed_over() {
    let [first, second] = [Server::start(), Server::start()];
    Operator::of(&second).make_logs(&second);
    let list = format!("{},{}", first.url(), second.url());
    first.stop();
    let operator = Operator::at(&list);
    for words in [
        &["wait", "logs"][..],
        &["get", "logs"],
        &["set", "logs", "db=1", "--wait"],
    ] {
        let run = operator.done(words);
        let told = format!("{} is used instead", address(&second));
        assert_eq!(run.stderr.matches(&told).count(), 1, "{words:?} {run:#?}");
    }
    let served = Served::start(&operator);
    let problems = served.snapshot()["problems"].to_string();
    assert!(problems.contains("is used instead"), "{problems}");
    served.end();
}

/// Another config server does not know what became of a change.
#[test]
fn a_lost_answer_is_not_looked_for_on_another_config_server() {
    let [first, second] = [Server::start(), Server::start()];
    for server in [&first, &second] {
        Operator::of(server).make_logs(server);
    }
    let direct = Operator::of(&first);
    direct.done(&["canary", "logs", "socket_timeout=2", "--percent", "10"]);
    let proxy = Proxy::to(&first);
    let operator = Operator::at(&format!("{},{}", proxy.url(), second.url()));
    // The transaction waits on the first server until its connection is gone.
    first.command(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    let mut command = operator.command(&["canary", "logs", "abort", "-o", "json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_until("the transaction waits", || {
        let info: String = redis::from_redis_value(first.command(&["INFO", "clients"])).unwrap();
        info.contains("blocked_clients:1")
    });
    proxy.refuse();
    proxy.cut();
    let run = Run::of(&child.wait_with_output().unwrap());
    first.command(&["CLIENT", "UNPAUSE"]);
    let (code, envelope) = (run.code, run.envelope());
    // The second one has no canary, and this one still has.
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("outcome_unknown"))
    );
    assert_eq!(direct.data(&["canary", "logs"])["percent"], 10.0);
}

#[test]
fn an_option_comes_before_the_environment_and_that_before_the_manifest() {
    let [first, second, third] = [Server::start(), Server::start(), Server::start()];
    let (a, b, c) = (first.url(), second.url(), third.url());
    for (server, name) in [(&first, "first"), (&second, "second"), (&third, "third")] {
        server.command(&["SET", &format!("config:redis:{name}"), &server.config()]);
    }
    let operator = Operator::at(&b);
    let component =
        |words: &[&str]| operator.data(&[&["list"], words].concat())[0]["component"].clone();
    operator.file(
        "components.toml",
        &format!("[config-server]\nurl = \"{c}\"\n"),
    );
    assert_eq!(component(&["--config-server", &a]), "first");
    assert_eq!(component(&[]), "second");
    let nowhere = Operator::nowhere();
    nowhere.file(
        "components.toml",
        &format!("[config-server]\nurl = \"{c}\"\n"),
    );
    assert_eq!(nowhere.data(&["list"])[0]["component"], "third");
    // The first server that answers is used.
    first.stop();
    assert_eq!(
        component(&["--config-server", &format!("{a},{b}")]),
        "second"
    );
    let json = format!("[{}, {}]", first.config(), second.config());
    assert_eq!(
        Operator::at(&json).data(&["list"])[0]["component"],
        "second"
    );
}

#[test]
fn the_manifest_gives_prefix_keys_and_names() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let manifest = "[config-server]\nkey-prefix = \"test:\"\n[components.logs]\nfunctions = []\n\
                    [components.stats]\nkey = \"elsewhere\"\n";
    operator.file("components.toml", manifest);
    // A declared component needs no --create.
    let port = format!("port={}", server.port());
    operator.done(&["set", "logs", "host=127.0.0.1", &port]);
    operator.done(&["set", "stats", "host=127.0.0.1", &port]);
    assert_eq!(operator.data(&["get", "logs"])["key"], "test:logs");
    assert_eq!(operator.data(&["get", "stats"])["key"], "elsewhere");
    let keys: Vec<String> = redis::from_redis_value(server.command(&["KEYS", "*"])).unwrap();
    assert!(
        keys.contains(&"redis-components:history:test:logs".to_owned()),
        "{keys:?}"
    );
    let (code, envelope) = operator.json(&["get", "logs", "--key-prefix", "other:"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (1, &"config_missing".into())
    );
}

#[test]
fn a_profile_names_a_server_and_where_its_password_is() {
    let server = Server::start_with(&["--requirepass", "s3cret"]);
    let other = Server::start();
    let operator = Operator::nowhere();
    let (url, other_url) = (server.url(), other.url());
    let password = operator.file("password", "s3cret\n");
    let password = password.to_str().unwrap();
    operator.file(
        "redis-components/config.toml",
        &format!(
            "default = \"file\"\n\
             [profiles.file]\nurl = \"{url}\"\npassword = {{ file = \"{password}\" }}\n\
             [profiles.command]\nurl = \"{url}\"\npassword = {{ command = [\"cat\", \
             \"{password}\"] }}\n\
             [profiles.env]\nurl = \"{url}\"\npassword = {{ env = \"THE_PASSWORD\" }}\n\
             [profiles.beside]\nurl = \"{url}\"\npassword = {{ file = \"password\" }}\n\
             [profiles.other]\nurl = \"{other_url}\"\n"
        ),
    );
    operator.done(&["list"]);
    operator.done(&["list", "--profile", "command"]);
    // A relative path begins at the folder of the file, wherever the command is started.
    operator.file("redis-components/password", "s3cret\n");
    operator.done(&["list", "--profile", "beside"]);
    let (code, envelope) = operator.json(&["list", "--profile", "env"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (1, &"unreadable".into())
    );
    let (code, envelope) = operator.json(&["list", "--profile", "comand"]);
    assert_eq!(code, 2);
    assert!(
        envelope["error"]["message"]
            .as_str()
            .unwrap()
            .contains("did you mean `command`?")
    );
    // A password in its place is a mistake that is easily made.
    for line in [
        "password = \"s3cret-one\"",
        "password = { command = \"s3cret-one\" }",
    ] {
        let profile = format!("[profiles.plain]\nurl = \"{url}\"\n{line}\n");
        operator.file("redis-components/config.toml", &profile);
        let run = operator.run(&["list", "--profile", "plain"]);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stderr.contains("config.toml:3 "), "{run:?}");
        assert!(run.stderr.contains("a password is { env"), "{run:?}");
        assert!(!run.stderr.contains("s3cret-one"), "{run:?}");
    }
    let profile =
        format!("[profiles.plain]\nurl = \"{url}\"\npassword = {{ command = [\"yes\"] }}\n");
    operator.file("redis-components/config.toml", &profile);
    let run = operator.run(&["list", "--profile", "plain"]);
    assert!(
        run.stderr.contains("it writes more than 65536 bytes"),
        "{run:?}"
    );
    operator.file(
        "redis-components/config.toml",
        &format!("[profiles.other]\nurl = \"{other_url}\"\n"),
    );
    // Two sources that disagree are no guess.
    let mut command = operator.command(&["list"]);
    command
        .env("REDIS_CONFIG_URL", &url)
        .env("REDIS_COMPONENTS_PROFILE", "other");
    assert_eq!(command.output().unwrap().status.code(), Some(2));
}
