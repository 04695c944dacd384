//! R15: a component does not go back to the server that a move has left without its data.

use redis_components_testing::Server;
use serde_json::json;

use crate::common::Operator;
use crate::copier::copier;
use crate::load::{World, role};
use crate::moving_copy;
use crate::moving_fence::{CLOSED, OPTION, note_fence, prepared, set};

/// Demands that a command is refused because the server refuses writes, and says all parts.
#[track_caller]
fn refused(operator: &Operator, words: &[&str], parts: &[&str]) {
    let (code, envelope) = operator.json(words);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (3, &json!("not_possible")),
        "{words:?}: {envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    for part in [
        parts,
        &["refuses writes; nothing was written", "--no-probe"],
    ]
    .concat()
    {
        assert!(message.contains(part), "{words:?}: {part}: {message}");
    }
}

#[test]
fn r15_no_config_goes_back_to_the_server_that_a_move_has_left() {
    let world = World::start();
    let (from, to) = (world.address(0), world.address(1));
    let operator = &world.operator;
    operator.done(&["move", "logs", "--to", &to, "--until", "synced", "--yes"]);
    let (old, new) = [0, 1]
        .map(|of| format!("port={}", world.servers[of].port()))
        .into();
    let of_old = format!("{to} is a replica of {from}");
    let status = "look with `move logs --status`";
    refused(operator, &["set", "logs", &new], &[&of_old, status]);
    operator.done(&["move", "logs", "--cut", "--yes"]);
    let of_new = &*format!("{from} is a replica of {to}");
    let undo = "`move logs --undo` goes back there with the data";
    for words in [
        &["set", "logs", &*old][..],
        &["set", "logs", &old, "--dry-run"],
        &["set", "logs", &old, "--prepare"],
        &["rollback", "logs", "--yes"],
        &["rollback", "logs", "1", "--yes"],
    ] {
        refused(operator, words, &[of_new, undo]);
    }
    world.is_on(1);
    // Other fields may change.
    operator.done(&["set", "logs", "socket_timeout=1"]);
    operator.done(&["set", "logs", "socket_timeout="]);
    role(&world.servers[0]);
    operator.done(&["move", "logs", "--finish", "--yes"]);
    let primary = "name its primary, unless `logs` only reads";
    let canary = ["canary", "logs", &old, "--percent", "10", "--splits-data"];
    for words in [
        &["set", "logs", &*old][..],
        &["set", "stats", "host=127.0.0.1", &old, "--create"],
        &["rollback", "logs", "1", "--yes"],
        &canary,
    ] {
        let primary = primary.replace("logs", words[1]);
        refused(operator, words, &[of_new, &primary]);
    }
    operator.done(&[&canary[..], &["--no-probe", "--yes"]].concat());
    refused(
        operator,
        &["canary", "logs", "promote", "--yes"],
        &[of_new, primary],
    );
    operator.done(&["canary", "logs", "abort"]);
    world.is_on(1);
    let written = operator.done(&["set", "logs", &old, "--no-probe", "--yes"]);
    assert!(written.stdout.contains(&from), "{written:#?}");
    // What is there already is warned of.
    let run = operator.done(&["set", "logs", "socket_timeout=1"]);
    assert!(run.stderr.contains("is a replica"), "{run:#?}");
}

#[test]
fn r15_a_replica_behind_a_unix_socket_takes_no_component() {
    let (primary, local) = (Server::start(), Server::builder().unix_socket().start());
    let operator = Operator::of(&primary);
    operator.make_logs(&primary);
    local.command(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]);
    assert_eq!(role(&local), "slave");
    let path = local.unix_socket().unwrap().to_str().unwrap();
    let file = operator.file("unix.json", &json!({"unix_socket_path": path}).to_string());
    let of_primary = format!("is a replica of 127.0.0.1:{}", primary.port());
    refused(
        &operator,
        &["set", "logs", file.to_str().unwrap()],
        &[path, &of_primary],
    );
}

#[test]
fn r15_no_config_goes_back_to_the_servers_that_a_copy_has_left() {
    let world = moving_copy::World::start();
    let operator = &world.operator;
    let program = copier("");
    operator.done(&world.words(&program));
    let address = format!("127.0.0.1:{} was left", world.source.port());
    let (finish, fence) = (
        "move logs --finish`, ",
        "CONFIG SET min-replicas-to-write 0 there",
    );
    let back = ["rollback", "logs", "--yes"];
    refused(operator, &back, &[&address, finish, fence]);
    // The login of a component may not ask for options.
    world
        .source
        .command(&["ACL", "SETUSER", "default", "-config"]);
    refused(operator, &back, &[&address, finish, fence]);
    world
        .source
        .command(&["ACL", "SETUSER", "default", "+config"]);
    // A server that says that it takes writes is believed.
    let open = |fence: &str| {
        let words = ["CONFIG", "SET", "min-replicas-to-write", fence];
        world.source.command(&words);
    };
    open("0");
    operator.done(&[&back[..], &["--dry-run"]].concat());
    open(CLOSED);
    role(&world.source);
    operator.done(&["move", "logs", "--finish", "--yes"]);
    let (code, envelope) = operator.json(&back);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!((code, message.contains(finish)), (3, false), "{message}");
    refused(operator, &back, &[&address, fence]);
    world
        .source
        .command(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    operator.done(&back);
}

#[test]
fn r15_a_server_behind_an_interrupted_cut_is_not_taken_for_one_that_was_left() {
    let world = prepared();
    note_fence(&world, "0");
    let source = &world.servers[0];
    set(source, OPTION, CLOSED);
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let other = json!({"host": "127.0.0.1", "port": world.config.port()});
    let key = "config:redis:logs";
    world.config.command(&["SET", key, &other.to_string()]);
    let old = format!("port={}", source.port());
    let behind = format!("{} has stepped down behind a cut", world.address(0));
    let words = ["set", "logs", &old];
    refused(
        &world.operator,
        &words,
        &[&behind, "`move logs --abort`, and then"],
    );
}
