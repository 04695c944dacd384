//! Processes that are forked, killed or frozen.

use std::env;
use std::process::{Child as Killed, Command, Stdio};
use std::time::Duration;

use redis_components::Settings;
use redis_components::blocking::shutdown;
use rustix::process::{Pid, Signal, kill_process};

use crate::board::{keys, members, receipts, settings};
use crate::child::{Child, alone};
use crate::common::{SOON, World, declare, until_blocking, whereabouts_blocking};

const WAIT: Duration = Duration::from_millis(20);

#[test]
fn r12_a_forked_child_has_a_receipt_of_its_own_and_leaves_its_parents() {
    let _alone = alone();
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "forked";
    settings(&world, app).scope_blocking(|| {
        whereabouts_blocking(logs).unwrap();
        until_blocking("the parent reports", || keys(&world.config).len() == 1);
        let parents = keys(&world.config);
        let child = Child::fork(|| {
            whereabouts_blocking(logs).map_err(|error| error.to_string())?;
            let deadline = std::time::Instant::now() + SOON;
            // The parent has seen it if the key that it sets is there.
            while std::time::Instant::now() < deadline {
                let mut connection = logs
                    .blocking_connection()
                    .map_err(|error| error.to_string())?;
                let seen: bool = redis::cmd("EXISTS")
                    .arg("seen")
                    .query(&mut connection)
                    .map_err(|error| error.to_string())?;
                if seen {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            let left = shutdown(SOON).map_err(|error| error.to_string())?;
            Ok(format!("{} {left}", std::process::id()))
        });
        until_blocking("the child reports", || {
            receipts(&world.config, app).len() == 2
        });
        let mut pids: Vec<u32> = receipts(&world.config, app)
            .iter()
            .map(|receipt| receipt.process().pid())
            .collect();
        pids.retain(|pid| *pid != std::process::id());
        world.a.command(&["SET", "seen", "1"]);
        assert_eq!(child.join(), format!("{} 0", pids[0]));
        assert_eq!(keys(&world.config), parents);
        assert_eq!(members(&world.config).len(), 1);
        shutdown(SOON).unwrap();
        assert_eq!(keys(&world.config), [""; 0]);
    });
}

/// Another process of this test, which calls a component.
struct Process(Killed);

impl Process {
    fn start(world: &World) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("processes::process_that_calls")
            .env("REDIS_CONFIG_URL", world.config.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors say that it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "the other tests start it, as a process of its own"]
fn process_that_calls() {
    let settings = crate::common::patient(Settings::default());
    settings.application("process").install().unwrap();
    let logs = declare("logs", WAIT);
    whereabouts_blocking(logs).unwrap();
    // Until the other end is closed.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

#[test]
fn r14_the_receipt_of_a_killed_process_vanishes_and_that_of_a_frozen_one_comes_back_whole() {
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let control = r#"{"receipts":{"every":1,"ttl":2}}"#;
    world
        .config
        .command(&["SET", "config:redis:@fleet", control]);
    let process = Process::start(&world);
    let is_there = || {
        let all = receipts(&world.config, "process");
        all.len() == 1 && all[0].component("logs").is_some()
    };
    until_blocking("it reports", is_there);
    process.signal(Signal::STOP);
    until_blocking("it is frozen", || keys(&world.config).is_empty());
    // It wakes up with a change to write, and not because its renewal is due.
    world.move_to(logs, &world.b);
    process.signal(Signal::CONT);
    until_blocking("it reports again", is_there);
    process.signal(Signal::KILL);
    until_blocking("it is gone", || keys(&world.config).is_empty());
}
