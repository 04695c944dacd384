//! R15: `move` takes the data along.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use redis_components::__private::{Declaration, component};
use redis_components::{Component, Scope, Settings};
use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::{Operator, wait_until};

/// A config server, and two servers of which the first has the data of `logs`.
struct World {
    config: Server,
    servers: [Server; 2],
    operator: Operator,
}

impl World {
    fn start() -> Self {
        let config = Server::start();
        let servers = [(), ()].map(|()| Server::start_with(&["--repl-diskless-sync-delay", "0"]));
        let operator = Operator::of(&config);
        operator.make_logs(&servers[0]);
        servers[0].command(&["SET", "known", "before"]);
        Self {
            config,
            servers,
            operator,
        }
    }

    fn address(&self, server: usize) -> String {
        format!("127.0.0.1:{}", self.servers[server].port())
    }

    fn state(&self) -> String {
        let data = self.operator.data(&["move", "logs", "--status"]);
        data["state"].as_str().unwrap().to_owned()
    }

    fn port(&self) -> u64 {
        let config = self.operator.data(&["get", "logs"]);
        config["config"]["port"].as_u64().unwrap()
    }

    fn is_on(&self, server: usize) {
        assert_eq!(self.port(), u64::from(self.servers[server].port()));
        let known = self.servers[server].command(&["GET", "known"]);
        assert_eq!(redis::from_redis_value::<String>(known).unwrap(), "before");
    }
}

fn role(server: &Server) -> String {
    let role: Vec<redis::Value> = redis::from_redis_value(server.command(&["ROLE"])).unwrap();
    redis::from_redis_value(role[0].clone()).unwrap()
}

/// Threads that count through the runtime until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<(String, thread::JoinHandle<u64>)>,
    done: Arc<AtomicU64>,
}

impl Load {
    fn start(config: &Server) -> Self {
        let logs: &'static Component = Box::leak(Box::new(component(Declaration {
            name: "logs",
            key: "config:redis:logs",
            has_own_key: false,
            wait: Duration::from_secs(1),
            connections: 1,
            config_server: None,
        })));
        let settings = Settings::new(config.url()).response_timeout(Duration::from_secs(20));
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let scope = settings.scope_blocking(|| Scope::current().unwrap());
        let threads = (0..4).map(|number| {
            let key = format!("counter:{number}");
            let (stop, done, scope) = (Arc::clone(&stop), Arc::clone(&done), scope.clone());
            let counted = key.clone();
            let counting = thread::spawn(move || {
                scope.run_blocking(|| {
                    let mut acknowledged = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let mut connection = logs.blocking_connection().unwrap();
                        let count: u64 = redis::cmd("INCR")
                            .arg(&counted)
                            .query(&mut connection)
                            .unwrap();
                        acknowledged += 1;
                        assert_eq!(count, acknowledged, "each is counted once");
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    acknowledged
                })
            });
            (key, counting)
        });
        Self {
            threads: threads.collect(),
            stop,
            done,
        }
    }

    fn goes_on(&self) {
        let before = self.done.load(Ordering::Relaxed);
        wait_until("calls go on", || {
            self.done.load(Ordering::Relaxed) > before + 100
        });
    }

    /// Compares what callers were told with what a server holds.
    fn end(self, server: &Server) {
        self.stop.store(true, Ordering::Relaxed);
        for (key, thread) in self.threads {
            let acknowledged = thread.join().unwrap();
            let counted = server.command(&["GET", &key]);
            assert_eq!(
                redis::from_redis_value::<u64>(counted).unwrap(),
                acknowledged,
                "{key}"
            );
        }
    }
}

#[test]
fn r15_data_moves_there_and_back_under_load() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let moved = world.operator.data(&["move", "logs", "--to", &to, "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    assert!(moved["held_ms"].as_f64().unwrap() < 300.0, "{moved:#}");
    println!("figure: writes held {} ms", moved["held_ms"]);
    world.is_on(1);
    assert_eq!(
        (role(&world.servers[0]), role(&world.servers[1])),
        ("slave".into(), "master".into())
    );
    load.goes_on();
    for round in 0..3 {
        let back = world.operator.data(&["move", "logs", "--undo", "--yes"]);
        assert_eq!(back["state"], "committed", "{back:#}");
        world.is_on(round % 2);
        load.goes_on();
    }
    // Whoever still calls stands in the way.
    load.end(&world.servers[0]);
    let history = world.operator.data(&["history", "logs"]);
    assert_eq!(history.as_array().unwrap().len(), 5);
    assert_eq!(role(&world.servers[1]), "slave");
    wait_until("nobody is left", || {
        world
            .operator
            .run(&["move", "logs", "--finish", "--yes"])
            .code
            == 0
    });
    let (code, envelope) = world.operator.json(&["move", "logs", "--undo", "--yes"]);
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("no_move")));
    assert_eq!(role(&world.servers[1]), "slave");
}

#[test]
fn r15_a_move_stops_before_the_cut_if_asked_and_can_be_given_up() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    assert_eq!(world.operator.data(&words)["state"], "synced");
    assert_eq!(world.state(), "synced");
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    world.is_on(0);
    assert_eq!(role(&world.servers[1]), "master");
    let keys = world.servers[1].command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 0);
    let (code, envelope) = world.operator.json(&["move", "logs", "--status"]);
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("no_move")));
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    assert_eq!(world.operator.data(&words)["state"], "synced");
    let cut = world.operator.data(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(cut["state"], "committed");
    world.is_on(1);
    let (code, envelope) = world.operator.json(&["move", "logs", "--abort", "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("wrong_state"))
    );
}

#[test]
fn r15_what_stands_against_a_move_is_named_before_anything_changes() {
    let world = World::start();
    let to = world.address(1);
    let refused = |words: &[&str], part: &str| {
        let words = [&["move", "logs"], words, &["--yes"]].concat();
        let (code, envelope) = world.operator.json(&words);
        let message = envelope["error"]["message"].as_str().unwrap();
        assert_eq!(
            (code, message.contains(part)),
            (3, true),
            "{part}: {envelope:#}"
        );
        assert_eq!(role(&world.servers[1]), "master");
        world.is_on(0);
    };
    refused(&["--to", &world.address(0)], "the same server");
    world.servers[1].command(&["SET", "a", "b"]);
    refused(&["--to", &to], "it has 1 keys");
    world.servers[1].command(&["FLUSHALL"]);
    role(&world.servers[1]);
    let stats = format!("port={}", world.servers[0].port());
    world
        .operator
        .done(&["set", "stats", "host=127.0.0.1", &stats, "--create"]);
    refused(&["--to", &to], "name them with --with");
    let words = ["move", "logs", "--with", "stats", "--to", &to, "--yes"];
    let moved = world.operator.data(&words);
    assert_eq!(moved["with"], json!(["stats"]));
    world.is_on(1);
    let stats = world.operator.data(&["get", "stats"]);
    assert_eq!(stats["config"]["port"], world.servers[1].port());
}

#[test]
fn r15_a_move_that_was_killed_goes_on_or_is_given_up() {
    for until in [None, Some("synced"), Some("prepared")] {
        for then in ["--resume", "--abort"] {
            let world = World::start();
            let load = Load::start(&world.config);
            load.goes_on();
            let to = world.address(1);
            let mut words = vec!["move", "logs", "--to", &to, "--yes"];
            if let Some(until) = until {
                words.extend(["--until", until]);
                world.operator.done(&words);
            } else {
                let mut command = world.operator.command(&words);
                command.stdout(std::process::Stdio::null());
                command.stderr(std::process::Stdio::null());
                let mut child = command.spawn().unwrap();
                thread::sleep(Duration::from_millis(fastrand::u64(..120)));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            let (code, envelope) = world.operator.json(&["move", "logs", then, "--yes"]);
            let text = format!("{until:?} {then}: {envelope:#}");
            match (then, code) {
                ("--resume", 0) => world.is_on(1),
                ("--abort", 0) => world.is_on(0),
                // It was killed before it began, after the cut, or when all was over.
                (_, 1) => assert_eq!(envelope["error"]["code"], "no_move", "{text}"),
                ("--abort", 3) => {
                    world.operator.done(&["move", "logs", "--resume", "--yes"]);
                    world.is_on(1);
                }
                _ => panic!("{text}"),
            }
            load.goes_on();
            let primary = usize::from(world.port() == u64::from(world.servers[1].port()));
            assert_eq!(role(&world.servers[primary]), "master", "{text}");
            load.end(&world.servers[primary]);
        }
    }
}

#[test]
fn r15_of_two_moves_at_once_one_wins() {
    let world = World::start();
    let third = Server::start();
    let ports = [world.address(1), format!("127.0.0.1:{}", third.port())];
    let runs: Vec<_> = ports
        .iter()
        .map(|to| {
            let words = ["move", "logs", "--to", to, "--yes", "-o", "json"];
            let mut command = world.operator.command(&words);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let mut codes = Vec::new();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        let envelope: Value = serde_json::from_slice(&output.stdout).unwrap();
        codes.push((
            output.status.code().unwrap(),
            envelope["error"]["code"].clone(),
        ));
    }
    codes.sort_by_key(|(code, _)| *code);
    assert_eq!(codes[0].0, 0, "{codes:?}");
    assert_eq!(codes[1].0, 3, "{codes:?}");
}

#[test]
fn r15_a_target_that_cannot_log_in_gives_writes_back() {
    let config = Server::start();
    let servers = [(), ()].map(|()| {
        Server::start_with(&["--requirepass", "right", "--repl-diskless-sync-delay", "0"])
    });
    let operator = Operator::of(&config);
    let port = format!("port={}", servers[0].port());
    let file = operator.file("password", "right\n");
    let password = format!("password=@{}", file.display());
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        &password,
        "--create",
    ]);
    let wrong = operator.file("wrong", "wrong\n");
    let wrong = format!("@{}", wrong.display());
    let to = format!("127.0.0.1:{}", servers[1].port());
    let words = [
        "move",
        "logs",
        "--to",
        &to,
        "--yes",
        "--timeout",
        "2s",
        "--replication-password",
        &wrong,
    ];
    let (code, envelope) = operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_ready")),
        "{envelope:#}"
    );
    assert!(!envelope.to_string().contains("wrong"), "{envelope:#}");
    operator.done(&["move", "logs", "--abort", "--yes"]);
    let moved = operator.data(&["move", "logs", "--to", &to, "--yes"]);
    assert_eq!(moved["state"], "committed");
}

#[test]
fn r15_a_server_that_cannot_follow_gives_writes_back() {
    let config = Server::start();
    let start = |password: &str| {
        Server::start_with(&["--requirepass", password, "--repl-diskless-sync-delay", "0"])
    };
    let servers = [start("first"), start("second")];
    let operator = Operator::of(&config);
    let port = format!("port={}", servers[0].port());
    let file = operator.file("password", "first");
    let password = format!("password=@{}", file.display());
    operator.done(&[
        "set",
        "logs",
        "host=127.0.0.1",
        &port,
        &password,
        "--create",
    ]);
    let load = Load::start(&config);
    load.goes_on();
    let target = json!({"host": "127.0.0.1", "port": servers[1].port(), "password": "second"});
    let target = operator.file("target.json", &target.to_string());
    let target = target.to_str().unwrap();
    operator.done(&[
        "move", "logs", "--to", target, "--until", "prepared", "--yes",
    ]);
    // The old server cannot log in at the new one, and would be read-only for good.
    servers[0].command(&["CONFIG", "SET", "masterauth", "wrong"]);
    let (code, envelope) = operator.json(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("not_possible")),
        "{envelope:#}"
    );
    assert_eq!(role(&servers[0]), "master");
    load.goes_on();
    servers[0].command(&["CONFIG", "SET", "masterauth", "second"]);
    let moved = operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed");
    load.goes_on();
    let back = operator.data(&["move", "logs", "--undo", "--yes"]);
    assert_eq!(back["state"], "committed");
    load.goes_on();
    load.end(&servers[0]);
}

#[test]
fn r15_doctor_says_what_stands_against_a_move() {
    let world = World::start();
    world.servers[1].command(&["SET", "a", "b"]);
    let words = ["doctor", "--move", "logs", "--to", &world.address(1)];
    let (code, envelope) = world.operator.json(&words);
    assert_eq!((code, &envelope["error"]["code"]), (1, &json!("problems")));
    let checks = envelope["data"].as_array().unwrap();
    let problem = checks
        .iter()
        .find(|check| check["state"] == "problem")
        .unwrap();
    assert_eq!(problem["check"], "target is empty");
    world.servers[1].command(&["FLUSHALL"]);
    role(&world.servers[1]);
    world.operator.done(&words);
}

#[test]
fn r15_a_config_is_tried_by_the_fleet_before_it_is_written() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let port = format!("port={}", world.servers[1].port());
    // Only the processes of the fleet may not connect there.
    let words = [
        "set",
        "logs",
        "host=169.254.0.1",
        "--no-probe",
        "--yes",
        "--prepare",
    ];
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (3, &json!("process_refused")),
        "{envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("forbidden_by_policy"), "{message}");
    world.is_on(0);
    load.goes_on();
    world
        .operator
        .done(&["set", "logs", &port, "--prepare", "--wait"]);
    assert_eq!(world.port(), u64::from(world.servers[1].port()));
    load.stop.store(true, Ordering::Relaxed);
}
