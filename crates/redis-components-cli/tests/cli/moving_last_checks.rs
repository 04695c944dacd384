//! R15: what changes during a long copy is looked at again before writes are held.

use std::io::Write;

use redis_components_testing::Server;
use serde_json::json;

use crate::common::wait_until;
use crate::load::{World, role};

fn set(server: &Server, option: &str, value: &str) {
    server.command(&["CONFIG", "SET", option, value]);
}

fn saves(server: &Server) -> String {
    let info = server.command(&["INFO", "persistence"]);
    let info: String = redis::from_redis_value(info).unwrap();
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().to_owned()
    };
    let (now, last) = (
        field("rdb_bgsave_in_progress:"),
        field("rdb_last_bgsave_status:"),
    );
    format!("{now} {last}")
}

fn save(server: &Server, status: &str) {
    server.command(&["BGSAVE"]);
    let wanted = format!("0 {status}");
    wait_until("it has tried to save", || saves(server) == wanted);
}

/// A command that must be refused with this, and leaves everything where it is.
#[track_caller]
fn refused(world: &World, words: &[&str], part: &str) {
    let calls = world
        .servers
        .each_ref()
        .map(|server| server.command_calls("FAILOVER"));
    let (code, envelope) = world
        .operator
        .json(&[&["move", "logs", "--yes"], words].concat());
    let found = (code, &envelope["error"]["code"]);
    assert_eq!(found, (3, &json!("not_possible")), "{part}: {envelope:#}");
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains(part), "{part}: {message}");
    // To ask for the command is one call. Nobody has used it.
    let now = world
        .servers
        .each_ref()
        .map(|server| server.command_calls("FAILOVER"));
    assert!(
        now[0] <= calls[0] + 2 && now[1] <= calls[1] + 2,
        "{calls:?} {now:?}"
    );
}

#[test]
fn r15_a_target_that_does_not_fit_any_more_does_not_get_the_calls() {
    let protected = ["--enable-protected-configs", "yes"];
    let world = World::start_with(&protected);
    let [source, target] = &world.servers;
    let folder = target.command(&["CONFIG", "GET", "dir"]);
    let folder: Vec<String> = redis::from_redis_value(folder).unwrap();
    let to = world.address(1);
    let begin = ["--to", &to, "--until", "prepared"];
    let many = || (0..20).map(|_| source.connection()).collect::<Vec<_>>();
    let few = |is_few: bool| set(target, "maxclients", if is_few { "15" } else { "10000" });
    let fails = |is_failing: bool| {
        set(target, "dir", if is_failing { "/proc" } else { &folder[1] });
        set(target, "save", if is_failing { "3600 1" } else { "" });
        save(target, if is_failing { "err" } else { "ok" });
        role(target);
    };
    let fill = |is_full: bool| {
        set(target, "maxmemory", if is_full { "2mb" } else { "0" });
        role(target);
    };
    // Before the move: the source uses more than that.
    source.command(&["SETRANGE", "large", "4000000", "x"]);
    role(source);
    fill(true);
    refused(&world, &begin, "`maxmemory`");
    fill(false);
    fails(true);
    refused(&world, &begin, "BGSAVE");
    fails(false);
    let clients = many();
    few(true);
    role(target);
    refused(&world, &begin, "`maxclients`");
    few(false);
    role(target);
    drop(clients);
    world
        .operator
        .done(&[&["move", "logs", "--yes"], &begin[..]].concat());
    // And before the cut.
    fill(true);
    refused(&world, &["--cut"], "`maxmemory`");
    fill(false);
    fails(true);
    refused(&world, &["--cut"], "BGSAVE");
    fails(false);
    let clients = many();
    few(true);
    refused(&world, &["--cut"], "`maxclients`");
    few(false);
    drop(clients);
    set(source, "masterauth", "of-nobody");
    refused(&world, &["--cut"], "`masterauth`");
    set(source, "masterauth", "");
    assert_eq!(world.state(), "synced");
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
    // The way back is looked at in the same way.
    set(source, "maxmemory", "2mb");
    refused(&world, &["--undo"], "`maxmemory`");
    set(source, "maxmemory", "0");
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(0);
}

#[test]
fn r15_a_component_that_cannot_log_in_any_more_keeps_its_server() {
    let world = World::start();
    let user = [
        "ACL", "SETUSER", "stats", "on", ">word", "~*", "&*", "+@all",
    ];
    for server in &world.servers {
        server.command(&user);
        role(server);
    }
    let port = world.servers[0].port();
    let stats = json!({"host": "127.0.0.1", "port": port, "username": "stats", "password": "word"});
    let key = "config:redis:stats";
    world.config.command(&["SET", key, &stats.to_string()]);
    let to = world.address(1);
    let begin = ["move", "logs", "--to", &to, "--with", "stats"];
    let prepared = ["--until", "prepared", "--yes"];
    world.operator.done(&[&begin[..], &prepared].concat());
    world.servers[1].command(&["ACL", "DELUSER", "stats"]);
    refused(&world, &["--cut"], "`stats` cannot log in");
    world.servers[1].command(&user);
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_target_that_removes_keys_is_warned_of() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--dry-run"];
    let is_told = |policy: &str, most: &str| {
        set(&world.servers[1], "maxmemory", most);
        set(&world.servers[1], "maxmemory-policy", policy);
        role(&world.servers[1]);
        let run = world.operator.done(&words);
        run.stderr.contains("eviction: ")
    };
    assert!(is_told("allkeys-lru", "1gb"));
    assert!(is_told("volatile-ttl", "1gb"));
    assert!(!is_told("noeviction", "1gb"));
    assert!(!is_told("allkeys-lru", "0"));
    set(&world.servers[0], "maxmemory", "1gb");
    set(&world.servers[0], "maxmemory-policy", "allkeys-lfu");
    role(&world.servers[0]);
    assert!(!is_told("allkeys-lru", "1gb"));
}

#[test]
fn r15_a_server_that_would_remove_keys_is_warned_of_again_before_the_cut() {
    let world = World::start();
    let [source, target] = &world.servers;
    source.command(&["SETRANGE", "large", "4000000", "x"]);
    role(source);
    let removes = |server: &Server| {
        set(server, "maxmemory-policy", "allkeys-lru");
        set(server, "maxmemory", "2mb");
        role(server);
    };
    let is_told_once = |words: &[&str]| {
        let words = [&["move", "logs", "--yes"], words].concat();
        let run = world.operator.done(&words);
        for part in [
            "memory: the target removes keys after the cut",
            "eviction: ",
        ] {
            assert_eq!(run.stderr.matches(part).count(), 1, "{part}: {run:#?}");
        }
    };
    let to = world.address(1);
    let prepared = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&prepared);
    removes(target);
    is_told_once(&["--cut"]);
    // The data must be there again.
    set(target, "maxmemory", "0");
    target.command(&["SETRANGE", "large", "4000000", "x"]);
    removes(source);
    set(target, "maxmemory-policy", "noeviction");
    is_told_once(&["--undo"]);
    // What the checks of the same command have said is not said again.
    set(source, "maxmemory", "0");
    source.command(&["SETRANGE", "large", "4000000", "x"]);
    set(source, "maxmemory-policy", "noeviction");
    role(source);
    role(target);
    world.operator.done(&["move", "logs", "--finish", "--yes"]);
    target.command(&["REPLICAOF", "NO", "ONE"]);
    target.command(&["FLUSHALL"]);
    removes(target);
    is_told_once(&["--to", &to]);
}

/// It uses all of its memory, and a little more at times.
#[test]
fn r15_a_cache_that_is_full_moves_to_one_of_the_same_size() {
    let options = ["--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru"];
    let world = World::start_with(&options);
    let [source, target] = &world.servers;
    let evicted = || {
        let info = source.command(&["INFO", "stats"]);
        let info: String = redis::from_redis_value(info).unwrap();
        !info.contains("\nevicted_keys:0\r")
    };
    let value = "x".repeat(10_000);
    let mut keys = 0..;
    wait_until("the cache is full", || {
        let key = keys.next().unwrap().to_string();
        source.command(&["SET", &key, &value]);
        evicted()
    });
    role(source);
    let to = world.address(1);
    let words = ["move", "logs", "--yes", "--to", &to];
    let shown = [&words[..], &["--dry-run"]].concat();
    // It would refuse writes.
    set(target, "maxmemory", "2mb");
    set(target, "maxmemory-policy", "noeviction");
    role(target);
    refused(&world, &["--to", &to], "`maxmemory`");
    // It would too, because no key has a time to live.
    set(target, "maxmemory-policy", "volatile-lru");
    role(target);
    refused(&world, &["--to", &to], "`maxmemory`");
    // It would remove keys.
    set(target, "maxmemory-policy", "allkeys-lru");
    role(target);
    let run = world.operator.done(&shown);
    assert!(run.stderr.contains("memory: "), "{run:#?}");
    set(target, "maxmemory", "4mb");
    role(target);
    let run = world.operator.done(&shown);
    assert!(!run.stderr.contains("memory: "), "{run:#?}");
    world
        .operator
        .done(&[&words[..], &["--until", "prepared"]].concat());
    set(target, "maxmemory", "2mb");
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(role(target), "master");
}

/// A replica with many connections and a backlog uses more than its data, and nothing trims that.
#[test]
fn r15_memory_of_connections_keeps_no_target_from_its_calls() {
    let world = World::start();
    let [source, target] = &world.servers;
    let to = world.address(1);
    let begin = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&begin);
    set(target, "maxmemory", "8mb");
    // A large answer that its client does not read.
    source.command(&["SETRANGE", "large", "3000000", "x"]);
    role(source);
    wait_until("it has the copy", || {
        let length = target.command(&["STRLEN", "large"]);
        redis::from_redis_value::<usize>(length).unwrap() == 3_000_001
    });
    role(target);
    let mut slow = std::net::TcpStream::connect(("127.0.0.1", target.port())).unwrap();
    slow.write_all(&b"GET large\r\n".repeat(5)).unwrap();
    wait_until("the answers take memory", || {
        let info = target.command(&["INFO", "memory"]);
        let info: String = redis::from_redis_value(info).unwrap();
        let used = info
            .lines()
            .find_map(|line| line.strip_prefix("mem_clients_normal:"));
        used.unwrap().trim().parse::<u64>().unwrap() > 8 << 20
    });
    role(target);
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
}
