//! R15: a server that answers, and does not say where it stands, is alive.

use std::thread::{self, JoinHandle};

use redis_components_testing::Server;
use serde_json::json;

use crate::common::wait_until;
use crate::copier::copier;
use crate::load::{World, role};
use crate::moving_copy;
use crate::moving_fence::{CLOSED, OPTION, fence, note_fence, prepared, set};
use crate::moving_fence_alone::info;
use crate::waiting::Waiting;

/// Keeps a server busy until its script is ended.
pub(crate) struct Script<'a>(&'a Server, JoinHandle<()>);

impl<'a> Script<'a> {
    pub(crate) fn start(server: &'a Server) -> Self {
        set(server, "busy-reply-threshold", "1");
        let mut connection = server.connection();
        let script = thread::spawn(move || {
            let mut endless = redis::cmd("EVAL");
            endless.arg("while true do end").arg(0);
            endless.query::<()>(&mut connection).unwrap_err();
        });
        wait_until("it is busy", || server.try_command(&["PING"]).is_err());
        Self(server, script)
    }

    pub(crate) fn end(self) {
        self.0.command(&["SCRIPT", "KILL"]);
        self.1.join().unwrap();
        // Until then the server has a client more.
        wait_until("its connection is closed", || {
            let list = self.0.command(&["CLIENT", "LIST"]);
            let list: String = redis::from_redis_value(list).unwrap();
            !list.contains("cmd=eval")
        });
    }
}

/// Looks at a move and tries to go on with it while a server answers and does not say where it stands.
#[track_caller]
fn is_alive(world: &World, server: usize, exit: i32, parts: &[&str]) {
    let status = world.operator.done(&["move", "logs", "--status"]);
    let words = ["move", "logs", "--resume", "--yes", "--timeout", "1s"];
    let (code, envelope) = world.operator.json(&words);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert_eq!(code, exit, "{envelope:#}");
    let up = format!("{} is up", world.address(server));
    for part in [&*up, "do not start it again"].iter().chain(parts) {
        assert!(status.stdout.contains(part), "{part}: {status:#?}");
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("does not answer"), "{message}");
    assert_eq!(world.state(), "refusing");
    if exit == 4 {
        let (code, envelope) = world.operator.json(&["move", "logs", "--abort", "--yes"]);
        assert_eq!(code, 3, "{envelope:#}");
    }
}

/// Lets a server refuse the login of its config.
fn lock(server: &Server) {
    server.command(&["ACL", "SETUSER", "default", ">word"]);
}

fn unlock(server: &Server) {
    server.command(&["ACL", "SETUSER", "default", "nopass"]);
}

#[test]
fn r15_a_server_that_refuses_the_login_for_good_does_not_keep_a_move_from_its_end() {
    for server in [0, 1] {
        let world = World::start();
        let to = world.address(1);
        let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
        world.operator.done(&words);
        let abort = ["move", "logs", "--abort", "--yes"];
        lock(&world.servers[server]);
        // It may have been cut, and then nobody knows who has the data.
        world.change_record("may_be_cut", &json!(true));
        let stood = world.record();
        world.change_record("stood", &json!({"stream": "other"}));
        let (code, envelope) = world.operator.json(&abort);
        assert_eq!(code, 3, "{envelope:#}");
        world.change_record("may_be_cut", &json!(false));
        world.change_record("stood", &stood["stood"]);
        let dry = world.operator.done(&[&abort[..], &["--dry-run"]].concat());
        assert!(!dry.stdout.contains("FLUSHALL"), "{dry:#?}");
        let run = world.operator.done(&abort);
        let up = format!("{} is up and does not say", world.address(server));
        assert!(run.stderr.contains(&up), "{run:#?}");
        unlock(&world.servers[server]);
        world.is_on(0);
        assert_eq!(role(&world.servers[0]), "master");
        let (code, envelope) = world.operator.json(&["move", "logs", "--status"]);
        assert_eq!(code, 1, "{envelope:#}");
    }
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    let finish = ["move", "logs", "--finish", "--yes"];
    lock(&world.servers[0]);
    let (code, envelope) = world.operator.json(&["move", "logs", "--abort", "--yes"]);
    assert_eq!(code, 3, "{envelope:#}");
    // The data is on the other one, and it does not end without that.
    lock(&world.servers[1]);
    let (code, envelope) = world.operator.json(&finish);
    assert_eq!(code, 3, "{envelope:#}");
    unlock(&world.servers[1]);
    let run = world.operator.done(&finish);
    assert!(run.stderr.contains("does not say who uses it"), "{run:#?}");
    world.is_on(1);
}

#[test]
fn r15_an_old_server_of_a_copy_that_refuses_the_login_for_good_is_left() {
    let world = moving_copy::World::start();
    let program = copier("");
    world.operator.done(&world.words(&program));
    lock(&world.source);
    let run = world.operator.done(&["move", "logs", "--finish", "--yes"]);
    assert!(run.stderr.contains("does not say who uses it"), "{run:#?}");
}

#[test]
fn r15_a_server_that_answers_is_not_called_dead() {
    for server in [0, 1] {
        let world = World::start();
        let to = world.address(1);
        let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
        world.operator.done(&words);
        let asked = &world.servers[server];
        let script = Script::start(asked);
        is_alive(&world, server, 4, &["busy", "SCRIPT KILL"]);
        script.end();
        set(asked, "maxclients", "1");
        is_alive(&world, server, 4, &["maxclients"]);
        set(asked, "maxclients", "1000");
        asked.command(&["ACL", "SETUSER", "default", "-info"]);
        is_alive(&world, server, 5, &["info", "rights"]);
        asked.command(&["ACL", "SETUSER", "default", "+info"]);
        lock(asked);
        is_alive(&world, server, 5, &["NOAUTH", "login"]);
        unlock(asked);
        world.operator.done(&["move", "logs", "--resume", "--yes"]);
        world.is_on(1);
    }
}

#[test]
fn r15_a_server_that_is_busy_is_waited_for() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&words);
    let script = Script::start(&world.servers[0]);
    let words = ["move", "logs", "--resume", "--yes"];
    let mut going_on = Waiting::start(&world.operator, &words);
    going_on.next("begin");
    going_on.next("done");
    let looks = || world.config.command_calls("GETRANGE");
    let before = looks();
    wait_until("it looks again and again", || {
        assert_eq!(going_on.child.try_wait().unwrap(), None);
        looks() > before + 3
    });
    script.end();
    let (code, envelope) = going_on.end();
    assert_eq!(code, 0, "{envelope:#}");
    world.is_on(1);
}

/// It may stand still, and a start would lose what is not on its disk.
#[test]
fn r15_nobody_is_told_to_start_a_server_again_that_may_run() {
    let world = World::start();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "synced", "--yes"];
    world.operator.done(&words);
    world.servers[0].freeze();
    let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (5, &json!("server_unreachable")),
        "{envelope:#}"
    );
    let message = error["message"].as_str().unwrap();
    for part in ["does not answer", "if it does not run", "if it runs"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    world.servers[0].thaw();
    world.operator.done(&["move", "logs", "--resume", "--yes"]);
    world.is_on(1);
}

#[test]
fn r15_a_source_behind_its_fence_does_not_wait_for_a_target_that_is_busy() {
    for with in ["--resume", "--abort"] {
        let world = prepared();
        note_fence(&world, "0");
        let [source, target] = &world.servers;
        set(source, OPTION, CLOSED);
        let script = Script::start(target);
        let words = ["move", "logs", with, "--yes", "--timeout", "1s"];
        let words = if with == "--abort" {
            &words[..4]
        } else {
            &words
        };
        let (code, envelope) = world.operator.json(words);
        assert!([3, 4].contains(&code), "{envelope:#}");
        let message = envelope["error"]["message"].as_str().unwrap();
        assert!(!message.contains("refuses writes"), "{message}");
        assert_eq!(fence(source), "0", "{with}");
        source.command(&["SET", "after", "it"]);
        script.end();
        world.operator.done(&["move", "logs", "--resume", "--yes"]);
        world.is_on(1);
    }
}

/// The record says that nobody has told the new server to take over.
#[test]
fn r15_a_source_that_has_stepped_down_does_not_wait_for_a_target_that_is_busy() {
    for is_told in [false, true] {
        let world = prepared();
        let [source, target] = &world.servers;
        let stream = info(source, "master_replid");
        let end = info(source, "master_repl_offset").parse::<u64>().unwrap();
        note_fence(&world, "0");
        world.change_record("stood", &json!({"stream": stream}));
        if is_told {
            world.change_record("stood", &json!({"stream": stream, "end": end}));
        }
        set(source, OPTION, CLOSED);
        source.command(&["REPLICAOF", "127.0.0.1", "1"]);
        let script = Script::start(target);
        let words = ["move", "logs", "--resume", "--yes", "--timeout", "1s"];
        let (code, envelope) = world.operator.json(&words);
        assert_eq!(code, 4, "{envelope:#}");
        let expected = if is_told {
            ("slave", CLOSED)
        } else {
            ("master", "0")
        };
        assert_eq!((&*role(source), &*fence(source)), expected);
        script.end();
        world.operator.done(&["move", "logs", "--resume", "--yes"]);
        world.is_on(1);
    }
}

#[test]
fn r15_an_old_server_that_is_busy_is_not_gone() {
    let world = World::start();
    let to = world.address(1);
    world.operator.done(&["move", "logs", "--to", &to, "--yes"]);
    role(&world.servers[0]);
    let script = Script::start(&world.servers[0]);
    assert_eq!(world.state(), "refusing");
    let (code, envelope) = world.operator.json(&["move", "logs", "--finish", "--yes"]);
    assert_eq!(code, 3, "{envelope:#}");
    script.end();
    role(&world.servers[0]);
    world.operator.done(&["move", "logs", "--finish", "--yes"]);
}

#[test]
fn r15_an_old_server_of_a_copy_that_is_busy_is_not_gone() {
    let world = moving_copy::World::start();
    let program = copier("");
    world.operator.done(&world.words(&program));
    let script = Script::start(&world.source);
    let finish = ["move", "logs", "--finish", "--yes"];
    let status = world.operator.data(&["move", "logs", "--status"]);
    assert_eq!(status["state"], "committed", "{status:#}");
    let (code, envelope) = world.operator.json(&finish);
    assert_eq!(code, 3, "{envelope:#}");
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("is up and does not say"), "{message}");
    script.end();
    role(&world.source);
    world.operator.done(&finish);
}

#[test]
fn r15_a_server_whose_config_cannot_be_used_here_is_not_called_up() {
    let world = World::start();
    let port = world.servers[1].port();
    let file = world.operator.file("secret", "of-nobody");
    let new = json!({"host": "127.0.0.1", "port": port, "password": {"file": file}}).to_string();
    world.servers[1].command(&["CONFIG", "SET", "requirepass", "of-nobody"]);
    let user = ["ACL", "SETUSER", "of-replication", "on", ">word", "+@all"];
    for server in &world.servers {
        server.command(&user);
        role(server);
    }
    let begin = ["move", "logs", "--to", &new, "--until", "synced", "--yes"];
    let [name, password] = ["--replication-user", "--replication-password"];
    let word = format!("@{}", world.operator.file("word", "word").display());
    let login = [name, "of-replication", password, &word];
    world.operator.done(&[&begin[..], &login].concat());
    std::fs::remove_file(&file).unwrap();
    let (code, envelope) = world.operator.json(&["move", "logs", "--resume", "--yes"]);
    let message = envelope["error"]["message"].as_str().unwrap();
    assert!(message.contains("cannot be asked from here"), "{message}");
    assert!(!message.contains("is up"), "{message}");
    assert_eq!(
        (code, &envelope["error"]["code"]),
        (1, &json!("config_invalid"))
    );
}
