//! Servers that answer and refuse: they cannot save, run a script, or have no place for a client.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use redis::{Connection, RedisError, RedisResult};
use redis_components_testing::Server;

use super::fault::{LENGTH, last};
use crate::admin::{connect, request};
use crate::places::Part;
use crate::record::effect::Effect;
use crate::soak::Soak;

/// After how many milliseconds a script is said to be slow: until then the server is silent.
const SILENCE: std::ops::RangeInclusive<u64> = 10..=1500;
/// How many clients may still come at the limit.
const PLACES: std::ops::RangeInclusive<usize> = 0..=2;
/// How long a server may take to save, or to end a script.
const DONE_WITHIN: Duration = Duration::from_secs(30);
const LOOKED_EVERY: Duration = Duration::from_millis(20);

/// Makes saving fail, after which the server refuses writes and PING. The config server is not
/// written to meanwhile, so that nothing is expected to fail.
pub(super) fn fail_to_save(soak: &Soak, rng: &mut Rng, server: &Server, part: Part) {
    let (kind, effect) = match part {
        Part::Config => ("config server: MISCONF", Effect::Nothing),
        _ => ("MISCONF", Effect::RefusesWrites),
    };
    report(soak, kind, || {
        let mut there = connect(&server.client())?;
        let dump = PathBuf::from(setting(&mut there, "dir")?).join("dump.rdb");
        let rules = setting(&mut there, "save")?;
        soak.with_effect(part, effect, kind, || {
            // An error means that there is none.
            let _ = fs::remove_file(&dump);
            // A file cannot replace a folder that has its name.
            fs::create_dir(&dump)?;
            set(&mut there, "save", "3600 1")?;
            save(&mut there, "err")?;
            refuses_writes(&mut there)?;
            last(soak, rng, LENGTH);
            fs::remove_dir(&dump)?;
            save(&mut there, "ok")
        })?;
        set(&mut there, "save", &rules)?;
        // A restarted server must not find an old file.
        Ok(fs::remove_file(&dump)?)
    });
}

/// Runs a script that does not end by itself.
pub(super) fn run_script(soak: &Soak, rng: &mut Rng, server: &Server, part: Part) {
    let kind = match part {
        Part::Config => "config server: busy script",
        _ => "busy script",
    };
    report(soak, kind, || {
        let mut killer = connect(&server.client())?;
        let mut script = connect(&server.client())?;
        script.set_read_timeout(Some(DONE_WITHIN))?;
        set(&mut killer, "lua-time-limit", &rng.u64(SILENCE).to_string())?;
        let ended = soak.with_effect(part, Effect::Busy, kind, || {
            let endless = request(&["EVAL", "while true do end", "0"]);
            script.send_packed_command(&endless.get_packed_command())?;
            last(soak, rng, LENGTH);
            until(|| {
                let killed = request(&["SCRIPT", "KILL"]).exec(&mut killer);
                match killed {
                    // It has not begun yet.
                    Err(error) if error.code() == Some("NOTBUSY") => Ok(false),
                    killed => killed.map(|()| true),
                }
            })?;
            script.recv_response()
        });
        match ended.map(redis::Value::extract_error) {
            Ok(Err(_)) => Ok(()),
            Err(error) if error.code().is_some() => Ok(()),
            Ok(Ok(_)) => Err(failed("a script without end has ended")),
            Err(error) => Err(error),
        }
    });
}

/// Sets the limit of clients to about as many as there are.
pub(super) fn limit_clients(soak: &Soak, rng: &mut Rng, server: &Server, part: Part) {
    let kind = match part {
        Part::Config => "config server: limit of clients",
        _ => "limit of clients",
    };
    report(soak, kind, || {
        let mut there = connect(&server.client())?;
        let before = setting(&mut there, "maxclients")?;
        soak.with_effect(part, Effect::RefusesClients, kind, || {
            let clients: String = request(&["CLIENT", "LIST"]).query(&mut there)?;
            let limit = clients.lines().count() + rng.usize(PLACES);
            set(&mut there, "maxclients", &limit.to_string())?;
            last(soak, rng, LENGTH);
            set(&mut there, "maxclients", &before)
        })
    });
}

fn report(soak: &Soak, kind: &str, f: impl FnOnce() -> RedisResult<()>) {
    if let Err(error) = f() {
        soak.violation(&format!("{kind} could not be made: {error}"));
    }
}

fn setting(there: &mut Connection, name: &str) -> RedisResult<String> {
    let (_, value): (String, String) = request(&["CONFIG", "GET", name]).query(there)?;
    Ok(value)
}

fn set(there: &mut Connection, name: &str, value: &str) -> RedisResult<()> {
    request(&["CONFIG", "SET", name, value]).exec(there)
}

/// Saves until the outcome is as expected.
fn save(there: &mut Connection, expected: &str) -> RedisResult<()> {
    let expected = format!("rdb_last_bgsave_status:{expected}\r\n");
    until(|| {
        let info: String = request(&["INFO", "persistence"]).query(there)?;
        if info.contains("rdb_bgsave_in_progress:1") {
            return Ok(false);
        }
        let is_done = info.contains(&expected);
        if !is_done {
            // An error means that the file of commands is being rewritten.
            let _ = request(&["BGSAVE"]).exec(there);
        }
        Ok(is_done)
    })
}

/// Checks that the server refuses writes.
fn refuses_writes(there: &mut Connection) -> RedisResult<()> {
    match request(&["DEL", "nothing"]).exec(there) {
        Err(error) if error.code() == Some("MISCONF") => Ok(()),
        Err(error) => Err(error),
        Ok(()) => Err(failed("a server that cannot save takes writes")),
    }
}

fn until(mut condition: impl FnMut() -> RedisResult<bool>) -> RedisResult<()> {
    let deadline = Instant::now() + DONE_WITHIN;
    while !condition()? {
        if Instant::now() > deadline {
            return Err(failed("the server did not come to an end"));
        }
        thread::sleep(LOOKED_EVERY);
    }
    Ok(())
}

fn failed(what: &'static str) -> RedisError {
    (redis::ErrorKind::Client, what).into()
}
