//! R15: components that share a server by another name of it, and what a person is told to do about them.

use redis_components_testing::Server;
use serde_json::{Value, json};

use crate::common::wait_until;
use crate::load::{World, role};

fn write(world: &World, component: &str, config: &Value) {
    let key = format!("config:redis:{component}");
    world.config.command(&["SET", &key, &config.to_string()]);
}

/// A command that must be refused. Returns what it says.
#[track_caller]
fn refused(world: &World, words: &[&str]) -> String {
    let words = [&["move", "logs", "--yes"], words].concat();
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(code, 3, "{envelope:#}");
    envelope["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn r15_components_move_along_that_name_their_server_by_a_url_or_by_another_address() {
    let user = [
        "ACL",
        "SETUSER",
        "stats",
        "on",
        ">s3cret/word",
        "~*",
        "&*",
        "+@all",
    ];
    for of_stats in [
        |port: u16| json!({"url": format!("redis://stats:s3cret%2Fword@127.0.0.1:{port}/2"), "x-owner": "team"}),
        |port: u16| json!({"host": "127.0.0.2", "port": port, "db": 2, "username": "stats", "password": "s3cret/word"}),
    ] {
        let world = World::start_with(&["--bind", "127.0.0.1", "127.0.0.2"]);
        for server in &world.servers {
            server.command(&user);
            role(server);
        }
        let before = of_stats(world.servers[0].port());
        write(&world, "stats", &before);
        let to = world.address(1);
        let said = refused(&world, &["--to", &to]);
        assert!(said.contains("name them with --with"), "{said}");
        let words = ["move", "logs", "--to", &to, "--with", "stats", "--yes"];
        world.operator.done(&words);
        world.is_on(1);
        let stats = || world.operator.data(&["get", "stats", "--show-secrets"])["config"].take();
        let moved = stats();
        for (name, value) in [
            ("host", json!("127.0.0.1")),
            ("port", json!(world.servers[1].port())),
            ("db", json!(2)),
            ("username", json!("stats")),
            ("password", json!("s3cret/word")),
        ] {
            assert_eq!(moved[name], value, "{name}");
        }
        assert_eq!(moved.get("x-owner"), before.get("x-owner"));
        world.operator.done(&["move", "logs", "--undo", "--yes"]);
        world.is_on(0);
        assert_eq!(stats(), before);
    }
}

#[test]
fn r15_a_component_whose_config_is_a_url_moves_to_an_address() {
    let world = World::start();
    let url = format!("redis://127.0.0.1:{}/0", world.servers[0].port());
    write(&world, "logs", &json!({"url": url}));
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_component_that_cannot_move_along_is_named_with_the_config_that_can() {
    let servers = [(), ()].map(|()| {
        let words = ["--repl-diskless-sync-delay", "0"];
        Server::builder().unix_socket().arguments(&words).start()
    });
    let world = World::of(servers);
    let path = world.servers[0].unix_socket().unwrap().to_str().unwrap();
    write(&world, "stats", &json!({"unix_socket_path": path, "db": 2}));
    let to = world.address(1);
    let port = format!("port={}", world.servers[0].port());
    let advice = format!("`set stats host=127.0.0.1 {port} unix_socket_path=`");
    let said = refused(&world, &["--to", &to]);
    assert!(said.contains(&advice), "{said}");
    let said = refused(&world, &["--to", &to, "--with", "stats"]);
    assert!(said.contains(&advice), "{said}");
    let set = ["set", "stats", "host=127.0.0.1", &port, "unix_socket_path="];
    world.operator.done(&set);
    let words = ["move", "logs", "--to", &to, "--with", "stats", "--yes"];
    world.operator.done(&words);
    world.is_on(1);
    // What is on another server cannot move along at all.
    world.operator.make_other("other", &Server::start());
    let said = refused(&world, &["--to", &world.address(0), "--with", "other"]);
    assert!(said.contains("leave it out of --with"), "{said}");
}

#[test]
fn r15_a_component_that_came_to_the_new_server_is_told_to_leave_before_an_undo() {
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let port = world.servers[1].port();
    write(&world, "late", &json!({"host": "127.0.0.1", "port": port}));
    // It is not left out without a word.
    let said = refused(&world, &["--to", &world.address(0), "--with", "late"]);
    assert!(
        said.contains("`late`") && said.contains("under way"),
        "{said}"
    );
    let said = refused(&world, &["--undo"]);
    assert!(
        said.contains("late") && said.contains("set their configs to another server first"),
        "{said}"
    );
    assert!(
        !said.contains("--with") && !said.contains("--abort"),
        "{said}"
    );
    let elsewhere = Server::start();
    write(
        &world,
        "late",
        &json!({"host": "127.0.0.1", "port": elsewhere.port()}),
    );
    world.operator.done(&["move", "logs", "--undo", "--yes"]);
    world.is_on(0);
}

#[test]
fn r15_the_end_of_a_move_names_replicas_that_still_follow_the_old_server() {
    let world = World::start();
    let replica = Server::start();
    let [source, target] = world
        .servers
        .each_ref()
        .map(|server| server.port().to_string());
    replica.command(&["REPLICAOF", "127.0.0.1", &source]);
    wait_until("it follows", || {
        let info = world.servers[0].command(&["INFO", "replication"]);
        let info: String = redis::from_redis_value(info).unwrap();
        info.contains("state=online")
    });
    role(&world.servers[0]);
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    role(&world.servers[0]);
    let run = world.operator.done(&["move", "logs", "--finish", "--yes"]);
    let replica = format!("127.0.0.1:{}", replica.port());
    let advice = format!("`REPLICAOF 127.0.0.1 {target}`");
    assert!(
        run.stderr.contains(&replica) && run.stderr.contains(&advice),
        "{run:#?}"
    );
}

#[test]
fn r15_a_copy_for_which_there_is_no_time_is_not_told_as_a_lost_link() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--timeout", "0s", "--yes"];
    let (code, envelope) = world.operator.json(&words);
    assert_eq!(code, 4, "{envelope:#}");
    let said = envelope["error"]["message"].as_str().unwrap();
    assert!(
        said.contains("it goes on copying") && !said.contains("log says why"),
        "{said}"
    );
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}
