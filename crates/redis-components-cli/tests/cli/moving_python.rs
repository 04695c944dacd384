//! R15: services in Python go on while their data moves.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use redis_components_testing::{Server, python};
use serde::Deserialize;
use serde_json::json;

use crate::common::wait_until;
use crate::load::{Load, World};

/// A process in Python that counts in threads and tasks.
pub(crate) struct Counting {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// How far its callers came, by key.
#[derive(Deserialize)]
struct Told {
    counted: BTreeMap<String, u64>,
    failed: Vec<String>,
}

/// The callers of the program.
const CALLERS: usize = 5;

impl Counting {
    pub(crate) fn start(config: &Server) -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(python().unwrap())
            .arg(package.join("tests/cli/counting.py"))
            .env("PYTHONPATH", package.join("../../python/src"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("REDIS_CONFIG_URL", config.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    fn told(&mut self) -> Told {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let told: Told = serde_json::from_str(&line).unwrap();
        assert!(told.failed.is_empty(), "{}", told.failed.join("\n"));
        told
    }

    fn look(&mut self) -> BTreeMap<String, u64> {
        self.input.as_mut().unwrap().write_all(b"\n").unwrap();
        self.told().counted
    }

    pub(crate) fn goes_on(&mut self) {
        let before = self.look();
        wait_until("Python goes on", || {
            let now = self.look();
            let has_counted = |(key, count): (&String, &u64)| {
                *count > before.get(key).copied().unwrap_or_default() + 5
            };
            now.len() == CALLERS && now.iter().all(has_counted)
        });
    }

    /// Compares what callers were told with what a server holds.
    fn end(mut self, server: &Server) {
        drop(self.input.take());
        for (key, told) in self.told().counted {
            let counted = server.command(&["GET", &key]);
            let counted: u64 = redis::from_redis_value(counted).unwrap();
            assert_eq!(counted, told, "{key}");
        }
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        // Errors say that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn r15_data_moves_there_and_back_under_calls_of_python() {
    let world = World::start();
    let (load, mut counting) = (Load::start(&world.config), Counting::start(&world.config));
    load.goes_on();
    counting.goes_on();
    let to = world.address(1);
    let steps: [&[&str]; 4] = [&["--to", &to], &["--undo"], &["--undo"], &["--undo"]];
    for (number, step) in steps.into_iter().enumerate() {
        let run = world
            .operator
            .run(&[&["move", "logs", "--yes"], step].concat());
        assert_eq!(run.code, 0, "{run:#?}");
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("ready: 2 of 2 processes"), "{said}");
        assert!(!said.contains("cannot prepare"), "{said}");
        world.is_on((number + 1) % 2);
        load.goes_on();
        counting.goes_on();
    }
    counting.end(&world.servers[0]);
    load.end(&world.servers[0]);
}

#[test]
fn r15_python_that_cannot_use_the_new_server_ends_the_move_before_the_cut() {
    let world = World::start();
    let mut counting = Counting::start(&world.config);
    counting.goes_on();
    // Only the processes of the fleet do not get there.
    let words = ["set", "logs", "host=127.0.0.1", "port=1", "--no-probe"];
    let words = [&words[..], &["--yes", "--prepare", "--timeout", "5s"]].concat();
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (4, &json!("not_ready")),
        "{envelope:#}"
    );
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("counting:") && message.contains("unreachable"),
        "{message}"
    );
    world.is_on(0);
    counting.goes_on();
    counting.end(&world.servers[0]);
}

#[test]
fn r15_a_runtime_that_does_not_know_candidates_is_warned_of() {
    let world = World::start();
    let about = r#"{"v":1,"application":"old","instance":"host-1-abcd","language":"python","key_prefix":"config:redis:"}"#;
    let member = "old:host-1-abcd";
    let key = format!("redis-components:receipt:{member}");
    let said = ["HSET", &key, "@", about, "logs", "a a ok 1 1 0 -"];
    world.config.command(&said);
    world
        .config
        .command(&["ZADD", "redis-components:fleet", "1", member]);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    let run = world.operator.run(&words);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.stderr.contains("1 process"), "{run:#?}");
    assert!(run.stderr.contains("cannot prepare"), "{run:#?}");
    world.config.command(&["DEL", &key]);
}
