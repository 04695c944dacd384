//! R15: a server that writes its config file slowly holds up no call.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use redis_components_testing::Server;
use rustix::fs::OFlags;

use crate::common::{Run, wait_until};
use crate::load::{Load, World, role};

/// Both servers have a config file.
pub(crate) fn world() -> World {
    let words = ["--repl-diskless-sync-delay", "0"];
    World::of([(), ()].map(|()| Server::builder().config_file().arguments(&words).start()))
}

/// Puts a pipe in the place of a server's config file: a server that rewrites it stands still until
/// somebody opens the other end.
fn slow_down(server: &Server) -> &Path {
    let file = server.config_file().unwrap();
    let pipe = file.with_extension("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    std::fs::rename(&pipe, file).unwrap();
    file
}

/// Returns the other end of the pipe, if the server reads it.
fn pipe(file: &Path) -> Option<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(flags).open(file).ok()
}

/// Waits until the server stands still for as long, because it reads its config file, and lets it go
/// on.
fn let_go(server: &Server, file: &Path, after: Duration) {
    wait_until("the server rewrites its config file", || {
        let mut asking = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        asking.write_all(b"PING\r\n").unwrap();
        asking.set_read_timeout(Some(after)).unwrap();
        asking.read(&mut [0; 16]).is_err() && pipe(file).is_some()
    });
    wait_until("it has", || {
        !std::fs::metadata(file).unwrap().file_type().is_fifo()
    });
}

#[test]
fn r15_the_old_server_writes_its_config_file_when_nobody_waits_for_it() {
    let world = world();
    let file = slow_down(&world.servers[0]);
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let mut command = world
        .operator
        .command(&["move", "logs", "--to", &to, "--yes"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let moving = command.spawn().unwrap();
    wait_until("the config names the new server", || {
        world.port() == u64::from(world.servers[1].port())
    });
    load.goes_on();
    let_go(&world.servers[0], file, Duration::from_millis(10));
    let run = Run::of(&moving.wait_with_output().unwrap());
    assert_eq!(run.code, 0, "{run:#?}");
    let forgets = format!("{} does not remember", world.address(0));
    assert!(!run.stderr.contains(&forgets), "{run:#?}");
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(kept.contains("replicaof 127.0.0.1"), "{kept}");
    load.goes_on();
    load.end(&world.servers[1]);
}

#[test]
fn r15_a_new_server_that_writes_its_config_file_slowly_is_told_and_left_alone() {
    let world = world();
    let load = Load::start(&world.config);
    load.goes_on();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    let file = slow_down(&world.servers[1]);
    let run = thread::scope(|scope| {
        let preparing = scope.spawn(|| world.operator.done(&words));
        // Nobody uses it yet.
        let_go(&world.servers[1], file, Duration::from_secs(1));
        preparing.join().unwrap()
    });
    assert!(run.stderr.contains("CONFIG REWRITE"), "{run:#?}");
    // Nobody lets it go any more.
    slow_down(&world.servers[1]);
    let run = world.operator.done(&["move", "logs", "--cut", "--yes"]);
    assert!(run.stderr.contains("does not remember"), "{run:#?}");
    assert!(pipe(file).is_none(), "it reads its config file");
    world.is_on(1);
    let kept = std::fs::read_to_string(world.servers[0].config_file().unwrap()).unwrap();
    assert!(kept.contains("replicaof 127.0.0.1"), "{kept}");
    load.goes_on();
    load.end(&world.servers[1]);
    // It is still known after an undo that ends before its cut and is given up.
    let read_only =
        |value| world.servers[1].command(&["CONFIG", "SET", "replica-read-only", value]);
    read_only("no");
    let (code, _) = world.operator.json(&["move", "logs", "--undo", "--yes"]);
    assert_eq!(code, 3);
    world.operator.done(&["move", "logs", "--abort", "--yes"]);
    let run = world.operator.done(&["move", "logs", "--resume", "--yes"]);
    assert!(run.stderr.contains("does not remember"), "{run:#?}");
    assert!(pipe(file).is_none(), "it reads its config file");
}

/// Lets the new server take over, as a command does that is killed before it writes the configs.
pub(crate) fn cut(world: &World) {
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    let port = world.servers[1].port().to_string();
    world.servers[0].command(&["FAILOVER", "TO", "127.0.0.1", &port]);
    wait_until("the cut", || world.state() == "cut");
}

/// Writes the configs, as a command does that is killed right after it.
pub(crate) fn commit(world: &World) {
    let record = world.record();
    let new = record["new"]["logs"].as_str().unwrap();
    world.config.command(&["SET", "config:redis:logs", new]);
    assert_eq!(world.state(), "committed");
}

#[test]
fn r15_an_undo_before_the_commit_does_not_hold_up_the_server_in_use() {
    let world = world();
    cut(&world);
    // Calls begin there, and nobody lets it go on.
    let file = slow_down(&world.servers[0]);
    let run = world.operator.done(&["move", "logs", "--undo", "--yes"]);
    let named = format!("{} does not remember its role", world.address(0));
    assert!(run.stderr.contains(&named), "{run:#?}");
    assert!(pipe(file).is_none(), "it reads its config file");
    world.is_on(0);
}

#[test]
fn r15_a_move_that_was_killed_before_its_servers_settled_says_so_and_settles_at_its_end() {
    for end in ["--resume", "--finish"] {
        let world = world();
        cut(&world);
        commit(&world);
        let status = ["move", "logs", "--status"];
        let shown = world.operator.done(&status);
        assert!(shown.stdout.contains("--resume lets"), "{shown:#?}");
        role(&world.servers[0]);
        world.operator.done(&["move", "logs", end, "--yes"]);
        let file = world.servers[0].config_file().unwrap();
        let kept = std::fs::read_to_string(file).unwrap();
        assert!(kept.contains("replicaof 127.0.0.1"), "{end}: {kept}");
        if end == "--resume" {
            let shown = world.operator.done(&status);
            assert!(!shown.stdout.contains("--resume lets"), "{shown:#?}");
        }
    }
}
