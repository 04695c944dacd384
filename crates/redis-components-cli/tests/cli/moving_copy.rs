//! R15: a program copies the data where servers cannot replicate each other.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use redis_components::__private::{Declaration, component};
use redis_components::{Component, Settings};
use redis_components_testing::{Cluster, Server};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{Operator, signal, wait_until};
use crate::copier::copier;
use crate::load::Load;

const OPTION: &str = "min-replicas-to-write";
pub(crate) const CLOSED: &str = "1999999973";
const RECORD: &str = "redis-components:move:logs";

/// A config server, a server with the data of `logs`, and an empty cluster.
pub(crate) struct World {
    pub(crate) config: Server,
    pub(crate) source: Server,
    cluster: Cluster,
    pub(crate) operator: Operator,
    pub(crate) to: String,
}

impl World {
    pub(crate) fn start() -> Self {
        let (config, source) = (Server::start(), Server::start());
        let cluster = Cluster::start(3, 0);
        let operator = Operator::of(&config);
        operator.make_logs(&source);
        fill(&source);
        let to = operator.file("cluster.json", &cluster.config());
        let to = to.to_str().unwrap().to_owned();
        Self {
            config,
            source,
            cluster,
            operator,
            to,
        }
    }

    /// Returns a command that moves the data by this program.
    pub(crate) fn words<'a>(&'a self, program: &'a str) -> Vec<&'a str> {
        let words = ["move", "logs", "--yes", "--copy-with", program, "--to"];
        [&words[..], &[&self.to]].concat()
    }

    fn status(&self) -> Value {
        self.operator.data(&["move", "logs", "--status"])
    }

    pub(crate) fn in_cluster(&self, words: &[&str]) -> redis::Value {
        let node = self.cluster.node(self.cluster.primary_of(words[1]));
        node.command(words)
    }

    pub(crate) fn size(&self) -> u64 {
        let sizes = self.cluster.nodes().into_iter().map(|node| size(&node));
        sizes.sum()
    }

    /// Compares what callers were told with what the cluster holds.
    pub(crate) fn end_in_cluster(&self, load: Load) {
        load.end_where(|key| redis::from_redis_value(self.in_cluster(&["GET", key])).unwrap());
    }

    /// The source takes writes, the configs name it, and the target has nothing of the move.
    #[track_caller]
    pub(crate) fn has_not_moved(&self) {
        assert_eq!(fence(&self.source), "0");
        let config = self.operator.data(&["get", "logs"]);
        assert_eq!(config["config"]["port"], self.source.port());
        self.operator.done(&["move", "logs", "--abort", "--yes"]);
        assert_eq!(self.size(), 0);
        assert!(!exists(&self.config, RECORD));
        let control = self.config.command(&["GET", "config:redis:@fleet"]);
        let control: String = redis::from_redis_value(control).unwrap();
        assert!(!control.contains("move-"), "{control}");
    }

    /// Begins a move, and waits until its program says that it runs behind the fence.
    pub(crate) fn begin(&self, program: &str) -> (Child, std::path::PathBuf) {
        let started = self.operator.file("started", "");
        std::fs::remove_file(&started).unwrap();
        let program = format!("{program}; echo $$ > {}; sleep 1000", started.display());
        let mut command = self.operator.command(&self.words(&program));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let moving = command.spawn().unwrap();
        wait_until("the program runs", || {
            std::fs::read_to_string(&started).is_ok_and(|text| text.ends_with('\n'))
        });
        assert_eq!(fence(&self.source), CLOSED);
        (moving, started)
    }
}

/// Keys of all types, with and without a time to live.
fn fill(server: &Server) {
    for number in 0..300 {
        let (key, n) = (format!("string:{number}"), number.to_string());
        server.command(&["SET", &key, &n]);
        server.command(&["SET", &format!("fading:{number}"), &n, "PX", "3600000"]);
    }
    server.command(&["SET", "known", "before"]);
    server.command(&["SET", "text", &"x".repeat(10_000)]);
    for number in 0..700 {
        let n = number.to_string();
        let name = format!("name:{n}");
        server.command(&["RPUSH", "list", &n]);
        server.command(&["SADD", "set", &name]);
        server.command(&["ZADD", "zset", &n, &name]);
        server.command(&["HSET", "hash", &name, &n]);
        server.command(&["XADD", "stream", "*", "n", &n]);
    }
    server.command(&["XGROUP", "CREATE", "stream", "group", "0"]);
    server.command(&["SADD", "numbers", "1", "2", "3"]);
}

pub(crate) fn fence(server: &Server) -> String {
    let values = server.command(&["CONFIG", "GET", OPTION]);
    let values: Vec<String> = redis::from_redis_value(values).unwrap();
    values[1].clone()
}

fn size(server: &Server) -> u64 {
    redis::from_redis_value(server.command(&["DBSIZE"])).unwrap()
}

/// Returns `true` if a process runs. One that nobody has waited for has no environment any more.
pub(crate) fn runs(process: &std::path::Path) -> bool {
    std::fs::read(process.join("environ")).is_ok_and(|environment| !environment.is_empty())
}

fn exists(server: &Server, key: &str) -> bool {
    redis::from_redis_value(server.command(&["EXISTS", key])).unwrap()
}

#[track_caller]
fn refused(operator: &Operator, words: &[&str], exit: i32, part: &str) {
    let (code, envelope) = operator.json(words);
    let message = envelope["error"]["message"].as_str().unwrap_or_default();
    assert_eq!(code, exit, "{envelope:#}");
    assert!(message.contains(part), "{part}: {message}");
}

#[test]
fn r15_a_copy_into_a_cluster_loses_nothing_under_traffic() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let program = copier("");
    let run = world
        .operator
        .run(&[&world.words(&program)[..], &["--dry-run"]].concat());
    assert!(run.stderr.contains("writes are refused"), "{run:#?}");
    assert_eq!((fence(&world.source).as_str(), world.size()), ("0", 0));
    let moved = world.operator.data(&world.words(&program));
    assert_eq!(moved["state"], "committed", "{moved:#}");
    let keys = moved["compared"].as_u64().unwrap();
    assert!(keys > 600, "{moved:#}");
    println!(
        "figure: {keys} keys, writes were refused for {} ms",
        moved["held_ms"]
    );
    load.goes_on();
    let known: String = redis::from_redis_value(world.in_cluster(&["GET", "known"])).unwrap();
    assert_eq!(known, "before");
    // Who has not heard of it yet must not write to the old server.
    assert_eq!(fence(&world.source), CLOSED);
    refused(
        &world.operator,
        &["move", "logs", "--undo", "--yes"],
        3,
        "does not get what was written since",
    );
    refused(
        &world.operator,
        &["move", "logs", "--abort", "--yes"],
        3,
        "is over",
    );
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.end_in_cluster(load);
    wait_until("nobody is left", || {
        world
            .operator
            .run(&["move", "logs", "--finish", "--yes"])
            .code
            == 0
    });
    assert_eq!(fence(&world.source), CLOSED);
    assert!(!exists(&world.config, RECORD));
}

#[test]
fn r15_a_copy_that_was_killed_behind_its_fence_goes_on_or_is_given_up() {
    for then in ["--resume", "--abort"] {
        let world = World::start();
        world.source.command(&["CONFIG", "SET", OPTION, "0"]);
        let load = Load::start(&world.config);
        load.goes_on();
        let program = copier("");
        let (mut moving, started) = world.begin(&program);
        moving.kill().unwrap();
        moving.wait().unwrap();
        let left_over = std::fs::read_to_string(started).unwrap();
        let left_over = std::path::Path::new("/proc").join(left_over.trim());
        assert!(runs(&left_over));
        let status = world.status();
        assert_eq!(status["state"], "fenced", "{status:#}");
        assert!(status["held_ms"].as_f64().unwrap() > 0.0, "{status:#}");
        refused(
            &world.operator,
            &["move", "logs", "--undo", "--yes"],
            3,
            "has not moved",
        );
        if then == "--resume" {
            // What others have written there does not decide what runs here.
            let words = ["move", "logs", "--resume", "--yes"];
            refused(&world.operator, &words, 2, "--copy-with COMMAND");
            assert!(runs(&left_over));
            let words = [&words[..], &["--copy-with", &program]].concat();
            let moved = world.operator.data(&words);
            assert_eq!(moved["state"], "committed", "{moved:#}");
            load.goes_on();
            world.end_in_cluster(load);
        } else {
            world.operator.done(&["move", "logs", "--abort", "--yes"]);
            load.goes_on();
            assert_eq!((fence(&world.source).as_str(), world.size()), ("0", 0));
            load.end(&world.source);
            assert!(!exists(&world.config, RECORD));
        }
        wait_until("it has ended", || !runs(&left_over));
    }
}

#[test]
fn r15_a_program_on_another_machine_may_still_write() {
    let world = World::start();
    let (mut moving, _) = world.begin("true");
    moving.kill().unwrap();
    moving.wait().unwrap();
    let record: String = redis::from_redis_value(world.config.command(&["GET", RECORD])).unwrap();
    let mut record: Value = serde_json::from_str(&record).unwrap();
    record["copy"]["program"] = json!("elsewhere since its start");
    let record = record.to_string();
    world.config.command(&["SET", RECORD, &record]);
    let program = copier("");
    let words = ["move", "logs", "--resume", "--yes", "--copy-with", &program];
    refused(&world.operator, &words, 3, "was started on elsewhere");
    let (_, envelope) = world.operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("`--abort` gives them back"), "{message}");
    assert_eq!(fence(&world.source), CLOSED);
    let run = world.operator.done(&["move", "logs", "--abort", "--yes"]);
    assert!(run.stderr.contains("end it there"), "{run:#?}");
    assert_eq!((fence(&world.source).as_str(), world.size()), ("0", 0));
}

#[test]
fn r15_a_copy_that_is_not_the_same_is_refused() {
    let world = World::start();
    // What was there before is there again.
    world
        .source
        .command(&["CONFIG", "SET", "min-replicas-max-lag", "7"]);
    let load = Load::start(&world.config);
    load.goes_on();
    for (fault, part) in [
        ("LEAVE_OUT=known", "`known` is not there"),
        ("SPOIL=SET string:7 other", "`string:7` has another value"),
        ("SPOIL=HSET hash name:6 other", "`hash` has another value"),
        ("SPOIL=SREM set name:6", "`set` has another value"),
        ("SPOIL=LSET list 600 other", "`list` has another value"),
        ("SPOIL=ZADD zset 7 name:6", "`zset` has another value"),
        (
            "SPOIL=XGROUP DESTROY stream group",
            "`stream` has another value",
        ),
        (
            "SPOIL=PERSIST fading:7",
            "`fading:7` expires at another time",
        ),
        ("SPOIL=SET surplus key", "`surplus` is only there"),
    ] {
        let program = copier(fault);
        let (code, envelope) = world.operator.json(&world.words(&program));
        let message = envelope["error"]["message"].as_str().unwrap();
        assert_eq!(code, 3, "{fault}: {envelope:#}");
        assert!(message.contains(part), "{fault}: {message}");
        assert!(message.contains("takes writes again"), "{fault}: {message}");
        assert_eq!(world.status()["state"], "planned");
        load.goes_on();
        world.has_not_moved();
    }
    // The same data, written otherwise.
    world
        .source
        .command(&["CONFIG", "SET", "rdbcompression", "no"]);
    let program = copier("SPOIL=SADD numbers word");
    let program = format!("{program} && {}", copier("ONLY=SREM numbers word"));
    let moved = world.operator.data(&world.words(&program));
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.end_in_cluster(load);
}

#[test]
fn r15_a_sample_finds_keys_that_are_left_out() {
    let world = World::start();
    for number in 0..1500 {
        world
            .source
            .command(&["SET", &format!("more:{number}"), "x"]);
    }
    let program = copier("LEAVE_OUT=known");
    let words = [&world.words(&program)[..], &["--compare", "sample"]].concat();
    refused(&world.operator, &words, 3, "`known` is not there");
    world.has_not_moved();
    let program = copier("");
    let words = [&world.words(&program)[..], &["--compare", "sample"]].concat();
    let moved = world.operator.data(&words);
    let compared = moved["compared"].as_u64().unwrap();
    assert!((1..=1000).contains(&compared), "{moved:#}");
}

#[test]
fn r15_a_program_that_fails_gives_writes_back() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    for (program, exit, part) in [
        ("true && exit 7", 3, "exit code 7"),
        ("true && no-such-program", 3, "exit code 127"),
        ("true && /etc/passwd", 3, "exit code 126"),
        ("kill -9 $$", 3, "signal 9"),
        ("true", 3, "is not there"),
        ("sleep 1000 & sleep 1000", 4, "--timeout"),
    ] {
        let words = [&world.words(program)[..], &["--timeout", "5s"]].concat();
        let (code, envelope) = world.operator.json(&words);
        let message = envelope["error"]["message"].as_str().unwrap();
        assert_eq!(code, exit, "{program}: {envelope:#}");
        assert!(message.contains(part), "{program}: {message}");
        assert!(
            message.contains("takes writes again"),
            "{program}: {message}"
        );
        load.goes_on();
        world.has_not_moved();
    }
    // Nothing has changed yet.
    for (program, part) in [
        ("", "is empty"),
        (
            "no-such-program --fast",
            "finds no program `no-such-program`",
        ),
        ("/etc/passwd", "finds no program `/etc/passwd`"),
        ("if true", "does not understand"),
    ] {
        refused(&world.operator, &world.words(program), 2, part);
        assert!(!exists(&world.config, RECORD), "{program}");
    }
    load.end(&world.source);
}

#[test]
fn r15_a_copy_that_is_interrupted_gives_writes_back() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    for asked in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (mut moving, started) = world.begin("true");
        signal(&moving, asked);
        let code = moving.wait().unwrap().code();
        assert_eq!(code, Some(1), "{asked:?}");
        let left_over = std::fs::read_to_string(started).unwrap();
        let left_over = std::path::Path::new("/proc").join(left_over.trim());
        assert!(!runs(&left_over), "{asked:?}");
        load.goes_on();
        world.has_not_moved();
    }
    load.end(&world.source);
}

#[test]
fn r15_a_server_that_was_started_again_behind_the_fence_stays() {
    let world = World::start();
    let goes_on = world.operator.file("goes_on", "");
    std::fs::remove_file(&goes_on).unwrap();
    let program = copier("");
    let waits = format!("while [ ! -e {} ]; do sleep 0.01; done", goes_on.display());
    let waits = format!("{program}; touch copied; {waits}; exit 0");
    let words = world.words(&waits);
    let mut command = world
        .operator
        .command(&[&words[..], &["-o", "json"]].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let moving = command.spawn().unwrap();
    wait_until("the copy is there", || {
        goes_on.with_file_name("copied").exists()
    });
    // It has forgotten its fence, and takes writes.
    world.source.command(&["SAVE"]);
    world.source.restart();
    std::fs::write(&goes_on, "").unwrap();
    let moved = crate::common::Run::of(&moving.wait_with_output().unwrap());
    let envelope = moved.envelope();
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("was started again"), "{envelope:#}");
    assert_eq!(moved.code, 3);
    world.has_not_moved();
    // Nor if the copy is the same by chance.
    let words = format!("{program}; true");
    let again = World::start();
    let (stop, source) = (Arc::<AtomicBool>::default(), &again.source);
    let lift = ["CONFIG", "SET", OPTION, "0"];
    thread::scope(|scope| {
        let stopped = Arc::clone(&stop);
        scope.spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if fence(source) == CLOSED {
                    source.command(&lift);
                }
            }
        });
        refused(
            &again.operator,
            &again.words(&words),
            3,
            "given writes back",
        );
        stop.store(true, Ordering::Relaxed);
    });
    again.has_not_moved();
}

#[test]
fn r15_what_cannot_be_copied_is_refused_before_anything_changes() {
    let world = World::start();
    let program = copier("");
    let words = world.words(&program);
    let refuses = |part: &str| {
        refused(&world.operator, &words, 3, part);
        assert!(!exists(&world.config, RECORD), "{part}");
        assert_eq!((fence(&world.source).as_str(), part), ("0", part));
    };
    let node = world.cluster.node(world.cluster.primary_of("other"));
    node.command(&["SET", "other", "data"]);
    // Who asks for the size only looks.
    assert_eq!(size(&node), 1);
    refuses("it has 1 key;");
    node.command(&["DEL", "other"]);
    assert_eq!(size(&node), 0);
    let mut stranger = node.connection();
    redis::cmd("GET")
        .arg("other")
        .query::<Option<String>>(&mut stranger)
        .unwrap();
    refuses("it has clients");
    drop(stranger);
    wait_until("the stranger has left", || {
        let (_, envelope) = world.operator.json(&[&words[..], &["--dry-run"]].concat());
        !envelope.to_string().contains("it has clients")
    });
    world
        .source
        .command(&["CONFIG", "SET", "min-replicas-max-lag", "0"]);
    refuses("set it to 10");
    world
        .source
        .command(&["CONFIG", "SET", "min-replicas-max-lag", "10"]);
    world.operator.make_other("stats", &world.source);
    refuses("the data of stats");
    world
        .config
        .command(&["SET", "config:redis:stats", &world.cluster.config()]);
    refuses("the data of stats");
    // A canary uses the cluster too.
    world.operator.make_other("users", &world.config);
    let canary = format!(
        r#"{{"canary":{{"users":{{"config":{},"percent":10.0}}}}}}"#,
        world.cluster.config()
    );
    let control = "config:redis:@fleet";
    world.config.command(&["DEL", "config:redis:stats"]);
    world.config.command(&["SET", control, &canary]);
    refuses("the data of the canary of users");
    world
        .config
        .command(&["DEL", control, "config:redis:users"]);
    let mut elsewhere = world.source.connection();
    let mut other = redis::pipe();
    other.cmd("SELECT").arg(3).cmd("SET").arg("far").arg("away");
    other.exec(&mut elsewhere).unwrap();
    refuses("keys in db3");
    redis::cmd("FLUSHDB").exec(&mut elsewhere).unwrap();
    // Rights to read and write are not enough for a fence.
    let user = [
        "ACL",
        "SETUSER",
        "caller",
        "on",
        ">word",
        "~*",
        "&*",
        "+@all",
        "-config|set",
    ];
    world.source.command(&user);
    let file = world.operator.file("password", "word");
    let password = format!("password=@{}", file.display());
    world
        .operator
        .done(&["set", "logs", "username=caller", &password]);
    refused(&world.operator, &words, 3, "+config|set");
    let same = format!("127.0.0.1:{}", world.source.port());
    let words = [
        "move",
        "logs",
        "--yes",
        "--copy-with",
        &program,
        "--to",
        &same,
    ];
    refused(&world.operator, &words, 3, "share a server");
    let words = ["move", "logs", "--yes", "--cut", "--copy-with", &program];
    refused(&world.operator, &words, 2, "--copy-with is for");
}

#[test]
fn r15_a_program_that_runs_twice_copies_what_has_changed_since() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let passes = world.operator.file("passes", "");
    let program = format!(
        "echo $REDIS_COMPONENTS_PASS >> {}; {}",
        passes.display(),
        copier("")
    );
    let moved = world
        .operator
        .data(&[&world.words(&program)[..], &["--warm-copy"]].concat());
    assert_eq!(moved["state"], "committed", "{moved:#}");
    assert_eq!(std::fs::read_to_string(passes).unwrap(), "warm\nlast\n");
    load.goes_on();
    world.end_in_cluster(load);
}

#[test]
fn r15_a_copy_that_takes_longer_than_calls_wait_fails_them_and_loses_nothing() {
    let world = World::start();
    let logs: &'static Component = Box::leak(Box::new(component(Declaration {
        name: "logs",
        key: "config:redis:logs",
        key_prefix: "config:redis:",
        has_own_key: false,
        wait: Duration::from_secs(1),
        connections: 1,
        config_server: None,
    })));
    let settings = Settings::new(world.config.url()).response_timeout(Duration::from_millis(300));
    let stop = Arc::<AtomicBool>::default();
    let stopped = Arc::clone(&stop);
    let counting = thread::spawn(move || {
        let mut told = (0_u64, 0_u64);
        settings.scope_blocking(|| {
            while !stopped.load(Ordering::Relaxed) {
                let mut connection = logs.blocking_connection().unwrap();
                let count = redis::cmd("INCR")
                    .arg("counter:0")
                    .query::<u64>(&mut connection);
                match count {
                    Ok(_) => told.0 += 1,
                    Err(error) => {
                        assert_eq!(error.code(), Some("NOREPLICAS"), "{error}");
                        told.1 += 1;
                    }
                }
            }
        });
        told
    });
    let program = format!("sleep 1; {}", copier(""));
    let moved = world.operator.data(&world.words(&program));
    assert!(moved["held_ms"].as_f64().unwrap() > 1000.0, "{moved:#}");
    stop.store(true, Ordering::Relaxed);
    let (acknowledged, failed) = counting.join().unwrap();
    assert!(acknowledged > 0 && failed > 0, "{acknowledged} {failed}");
    let count = world.in_cluster(&["GET", "counter:0"]);
    assert_eq!(redis::from_redis_value::<u64>(count).unwrap(), acknowledged);
}

#[test]
fn r15_components_that_share_a_server_are_copied_together() {
    let world = World::start();
    world.operator.make_other("stats", &world.source);
    let words = ["set", "stats", "comment=mine", "socket_timeout=3"];
    world.operator.done(&words);
    let program = copier("");
    let words = [&world.words(&program)[..], &["--with", "stats"]].concat();
    let moved = world.operator.data(&words);
    assert_eq!(
        (&moved["state"], &moved["with"]),
        (&json!("committed"), &json!(["stats"]))
    );
    let [logs, stats] = ["logs", "stats"].map(|one| world.operator.data(&["get", one]));
    assert_eq!(stats["config"]["cluster"], logs["config"]["cluster"]);
    assert_eq!(stats["config"]["comment"], "mine");
    assert!(stats["config"].get("host").is_none(), "{stats:#}");
}

#[test]
fn r15_a_program_finds_both_servers_in_its_environment() {
    let world = World::start();
    let user = [
        "ACL",
        "SETUSER",
        "caller",
        "on",
        ">s3cret-word",
        "~*",
        "&*",
        "+@all",
    ];
    world.source.command(&user);
    let file = world.operator.file("secret", "s3cret-word\n");
    let password = json!({"file": file}).to_string();
    let config = format!(
        r#"{{"host":"127.0.0.1","port":{},"username":"caller","password":{password}}}"#,
        world.source.port()
    );
    world.config.command(&["SET", "config:redis:logs", &config]);
    let seen = world.operator.file("seen", "");
    let program = format!("env > {}; echo said; exit 1", seen.display());
    let run = world.operator.run(&world.words(&program));
    assert!(
        run.stdout.is_empty() && run.stderr.contains("said"),
        "{run:#?}"
    );
    let seen = std::fs::read_to_string(seen).unwrap();
    let port = world.source.port();
    for line in [
        "REDIS_COMPONENTS_COMPONENT=logs".to_owned(),
        "REDIS_COMPONENTS_PASS=last".to_owned(),
        "REDIS_COMPONENTS_SOURCE_KIND=single".to_owned(),
        "REDIS_COMPONENTS_TARGET_KIND=cluster".to_owned(),
        format!("REDIS_COMPONENTS_SOURCE_NODES=127.0.0.1:{port}"),
        format!("REDIS_COMPONENTS_SOURCE_URL=redis://127.0.0.1:{port}/0"),
        "REDIS_COMPONENTS_SOURCE_USERNAME=caller".to_owned(),
        "REDIS_COMPONENTS_SOURCE_PASSWORD=s3cret-word".to_owned(),
        "REDIS_COMPONENTS_TARGET_PASSWORD=".to_owned(),
        format!("REDIS_COMPONENTS_SOURCE={config}"),
        format!("REDIS_COMPONENTS_TARGET={}", world.cluster.config()),
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line}:\n{seen}");
    }
    let nodes = seen
        .lines()
        .find_map(|line| line.strip_prefix("REDIS_COMPONENTS_TARGET_NODES="));
    assert_eq!(nodes.unwrap().split(',').count(), 3);
}

#[test]
fn r15_a_copy_out_of_a_cluster_loses_nothing_under_traffic() {
    let (config, target) = (Server::start(), Server::start());
    let cluster = Cluster::start(3, 0);
    let operator = Operator::of(&config);
    let file = operator.file("logs.json", &cluster.config());
    operator.done(&["set", "logs", file.to_str().unwrap(), "--create"]);
    cluster
        .node(cluster.primary_of("known"))
        .command(&["SET", "known", "before"]);
    let load = Load::start(&config);
    load.goes_on();
    let (to, program) = (format!("127.0.0.1:{}", target.port()), copier(""));
    let words = [
        "move",
        "logs",
        "--yes",
        "--copy-with",
        &program,
        "--to",
        &to,
    ];
    let moved = operator.data(&words);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    println!("figure: writes were refused for {} ms", moved["held_ms"]);
    load.goes_on();
    for node in cluster.nodes() {
        assert_eq!(fence(&node), CLOSED);
    }
    load.end(&target);
}
