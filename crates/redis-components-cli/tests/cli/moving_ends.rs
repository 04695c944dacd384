//! R15: what a move must not lose, and how it is told, when it is given up or goes back.

use redis_components_testing::Server;
use serde_json::json;

use crate::common::wait_until;
use crate::load::{World, role};
use crate::moving_fence::{self, CLOSED, OPTION, fence, note_fence, set};

fn synced(world: &World) {
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&words);
}

#[test]
fn r15_a_target_that_got_other_data_meanwhile_is_not_wiped() {
    let world = World::start();
    synced(&world);
    let target = &world.servers[1];
    target.command(&["REPLICAOF", "NO", "ONE"]);
    target.command(&["FLUSHALL"]);
    target.command(&["SET", "of", "others"]);
    assert_eq!(world.state(), "planned");
    let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("not_possible")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("has 1 key and does not follow"),
        "{message}"
    );
    let found = target.command(&["GET", "of"]);
    assert_eq!(redis::from_redis_value::<String>(found).unwrap(), "others");
    target.command(&["FLUSHALL"]);
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed");
    world.is_on(1);
}

#[test]
fn r15_a_copy_that_may_not_be_removed_is_named() {
    let world = World::start();
    for server in &world.servers {
        let words = [
            "ACL", "SETUSER", "mover", "on", ">word", "~*", "&*", "+@all",
        ];
        server.command(&[&words[..], &["-flushall"]].concat());
        role(server);
    }
    let file = world.operator.file("password", "word");
    let password = format!("password=@{}", file.display());
    let words = ["set", "logs", "username=mover", &password];
    world.operator.done(&words);
    synced(&world);
    let run = world.operator.done(&["move", "logs", "--abort", "--yes"]);
    let (server, what) = (world.address(1), "keeps its copy");
    let is_named = [&*server, what, "FLUSHALL"]
        .iter()
        .all(|part| run.stderr.contains(part));
    assert!(is_named, "{run:#?}");
    let keys = world.servers[1].command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 1);
    world.is_on(0);
}

#[test]
fn r15_a_target_that_keeps_less_is_warned_of() {
    let world = World::start();
    world.servers[0].command(&["CONFIG", "SET", "save", "3600 1"]);
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--dry-run"];
    let run = world.operator.done(&words);
    assert!(run.stderr.contains("`save` is off"), "{run:#?}");
    world.servers[1].command(&["CONFIG", "SET", "save", "60 1"]);
    role(&world.servers[1]);
    let run = world.operator.done(&words);
    assert!(!run.stderr.contains("persistence"), "{run:#?}");
}

#[test]
fn r15_an_undo_that_was_interrupted_goes_on() {
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    // It ends before the cut.
    world.servers[1].command(&["CONFIG", "SET", "replica-read-only", "no"]);
    let undo = ["move", "logs", "--undo", "--yes"];
    let (code, envelope) = world.operator.json(&undo);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("not_possible")),
        "{envelope:#}"
    );
    world.is_on(1);
    world.servers[1].command(&["CONFIG", "SET", "replica-read-only", "yes"]);
    assert_eq!(world.operator.data(&undo)["state"], "committed");
    world.is_on(0);
    assert_eq!(role(&world.servers[0]), "master");
}

#[test]
fn r15_a_target_that_was_started_again_is_emptied_when_the_move_is_given_up() {
    let world = World::start();
    synced(&world);
    let target = &world.servers[1];
    target.command(&["SAVE"]);
    target.restart();
    assert_eq!(world.state(), "planned");
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    let keys = target.command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 0);
    // Other data stays, and is named.
    let world = World::start();
    synced(&world);
    let target = &world.servers[1];
    target.command(&["REPLICAOF", "NO", "ONE"]);
    target.command(&["SET", "of", "others"]);
    let run = world.operator.done(&["move", "logs", "--abort", "--yes"]);
    let named = format!("{} keeps 2 keys", world.address(1));
    assert!(run.stderr.contains(&named), "{run:#?}");
    let keys = target.command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 2);
}

#[test]
fn r15_a_broken_control_key_does_not_keep_writes_from_the_old_server() {
    let world = moving_fence::prepared();
    note_fence(&world, "0");
    set(&world.servers[0], OPTION, CLOSED);
    world
        .config
        .command(&["SET", "config:redis:@fleet", "no json"]);
    let abort = ["move", "logs", "--abort", "--yes"];
    let (_, envelope) = world.operator.json(&abort);
    assert_eq!(envelope["error"]["code"], "config_invalid", "{envelope:#}");
    assert_eq!(fence(&world.servers[0]), "0");
    world.config.command(&["DEL", "config:redis:@fleet"]);
    world.operator.done(&abort);
    world.is_on(0);
}

#[test]
fn r15_a_source_that_loads_is_named() {
    let world = World::start();
    synced(&world);
    let source = &world.servers[0];
    // To a new connection it says that it has no data yet.
    set(source, "replica-serve-stale-data", "no");
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let words = ["move", "logs", "--resume", "--yes", "--timeout", "1s"];
    let (code, envelope) = world.operator.json(&words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (4, &json!("not_ready")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    let named = format!("{} loads its data", world.address(0));
    assert!(message.contains(&named), "{message}");
}

#[test]
fn r8_a_config_with_a_password_is_no_argument_of_a_move() {
    let world = World::start();
    let to = format!(
        r#"{{"host":"127.0.0.1","port":{},"password":"hidden-word"}}"#,
        world.servers[1].port()
    );
    let (code, envelope) = world.operator.json(&["move", "logs", "--to", &to, "--yes"]);
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (2, &json!("secret_in_arguments"))
    );
    assert!(
        !envelope.to_string().contains("hidden-word"),
        "{envelope:#}"
    );
    let reference = to.replace("\"hidden-word\"", r#"{"env":"NAME"}"#);
    let (_, envelope) = world
        .operator
        .json(&["move", "logs", "--to", &reference, "--dry-run"]);
    assert_ne!(
        envelope["error"]["code"], "secret_in_arguments",
        "{envelope:#}"
    );
}

#[test]
fn r15_configs_are_compared_by_what_they_mean() {
    let world = World::start();
    let write = |server: usize, is_wide: bool| {
        let port = world.servers[server].port();
        let text = if is_wide {
            format!(r#"{{"port" : {port}, "host" : "127.0.0.1"}}"#)
        } else {
            json!({"host": "127.0.0.1", "port": port}).to_string()
        };
        world.config.command(&["SET", "config:redis:logs", &text]);
    };
    write(0, true);
    synced(&world);
    write(0, false);
    assert_eq!(world.state(), "synced");
    let cut = world.operator.data(&["move", "logs", "--cut", "--yes"]);
    assert_eq!(cut["state"], "committed");
    write(1, true);
    assert_eq!(world.state(), "committed");
    let undone = world.operator.data(&["move", "logs", "--undo", "--yes"]);
    assert_eq!(undone["state"], "committed");
    world.is_on(0);
    write(0, true);
    world.operator.done(&["move", "logs", "--finish", "--yes"]);
}

#[test]
fn r15_environments_with_different_prefixes_have_moves_of_their_own() {
    let world = World::start();
    synced(&world);
    let words = ["--repl-diskless-sync-delay", "0"];
    let [source, target] = [(), ()].map(|()| Server::start_with(&words));
    let staging = ["--key-prefix", "stg:"];
    let port = format!("port={}", source.port());
    let create = ["set", "logs", "host=127.0.0.1", &port, "--create"];
    world.operator.done(&[&staging[..], &create].concat());
    let to = format!("127.0.0.1:{}", target.port());
    let begin = ["move", "logs", "--to", &to, "--yes"];
    let moved = world.operator.data(&[&staging[..], &begin].concat());
    assert_eq!(moved["state"], "committed");
    assert_eq!(world.state(), "synced");
    world.operator.done(&["move", "logs", "--cut", "--yes"]);
    world.is_on(1);
    let status = ["move", "logs", "--status"];
    let status = world.operator.data(&[&staging[..], &status].concat());
    assert_eq!(status["state"], "committed");
    assert_eq!(status["id"], moved["id"]);
}

#[test]
fn r15_a_pool_that_was_pinged_last_still_uses_the_old_server() {
    let world = World::start();
    let to = world.address(1);
    let begin = ["move", "logs", "--to", &to, "--yes"];
    let finish = ["move", "logs", "--finish", "--yes"];
    let refused = |words: &[&str], code: &str| {
        let (exit, envelope) = world.operator.json(words);
        let found = (exit, &envelope["error"]["code"]);
        assert_eq!(found, (3, &json!(code)), "{envelope:#}");
        let message = envelope["error"]["message"].as_str().unwrap();
        assert!(message.contains("clients"), "{message}");
    };
    let pool = |server: usize, words: &[&[&str]]| {
        let mut connection = world.servers[server].connection();
        for words in words {
            redis::cmd(words[0])
                .arg(&words[1..])
                .exec(&mut connection)
                .unwrap();
        }
        connection
    };
    let named: &[&str] = &["CLIENT", "SETNAME", "billing"];
    let ping: &[&str] = &["PING"];
    // It would write to a new server, too.
    role(&world.servers[1]);
    let kept = pool(1, &[named, ping]);
    refused(&begin, "not_possible");
    drop(kept);
    wait_until("it has left", || world.operator.run(&begin).code == 0);
    for words in [&[named, ping][..], &[named]] {
        role(&world.servers[0]);
        let kept = pool(0, words);
        refused(&finish, "wrong_state");
        drop(kept);
    }
    // Without a name it may be a probe.
    role(&world.servers[0]);
    let _kept = pool(0, &[ping]);
    let mut warned = String::new();
    wait_until("the named ones have left", || {
        let run = world.operator.run(&finish);
        warned = run.stderr;
        run.code == 0
    });
    let is_told = warned.contains("clients of the old server") && warned.contains("127.0.0.1:");
    assert!(is_told, "{warned}");
}

#[test]
fn r15_an_undo_that_is_given_up_leaves_the_move_as_it_was() {
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let status = || world.operator.done(&["move", "logs", "--status"]).stdout;
    let before = status();
    assert!(!before.contains("forgets its role"), "{before}");
    for until in ["synced", "prepared"] {
        let words = ["move", "logs", "--undo", "--until", until, "--yes"];
        world.operator.done(&words);
        world.operator.done(&["move", "logs", "--abort", "--yes"]);
        assert_eq!(status(), before);
    }
}
