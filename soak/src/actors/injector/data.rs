//! Faults of the data servers.

use std::thread;
use std::time::Duration;

use fastrand::Rng;
use redis_components_testing::Server;

use super::fault::{FREEZE, LENGTH, last, restart};
use super::{groups, network, refusals};
use crate::admin::ask;
use crate::places::{CLUSTER, Part, SENTINELS, SERVERS};
use crate::record::effect::Effect;
use crate::soak::Soak;

/// How long a runtime is blocked, in milliseconds.
const FROZEN: std::ops::RangeInclusive<u64> = 100..=700;

pub(super) fn break_something(soak: &Soak, rng: &mut Rng) {
    let number = match rng.usize(0..SERVERS) {
        SENTINELS => return groups::break_sentinels(soak, rng),
        CLUSTER => return groups::break_cluster(soak, rng),
        number => number,
    };
    let (server, part) = (soak.world.server(number), Part::Server(number));
    match rng.u32(0..100) {
        0..10 => soak.with_fault(part, "SIGKILL and restart", || {
            server.stop();
            last(soak, rng, LENGTH);
            restart(soak, server);
        }),
        10..20 => soak.with_fault(part, "SIGSTOP and SIGCONT", || {
            server.freeze();
            last(soak, rng, FREEZE);
            server.thaw();
        }),
        20..30 => soak.with_fault(part, "CLIENT KILL", || {
            let kill = ["CLIENT", "KILL", "TYPE", "normal"];
            tell(soak, server, &kill);
        }),
        30..40 => refusals::fail_to_save(soak, rng, server, part),
        40..48 => refusals::run_script(soak, rng, server, part),
        48..58 => refusals::limit_clients(soak, rng, server, part),
        58..65 => freeze_executor(soak, rng),
        65..70 => soak.with_fault(part, "CONFIG SET timeout 1", || {
            tell(soak, server, &["CONFIG", "SET", "timeout", "1"]);
            last(soak, rng, LENGTH);
            tell(soak, server, &["CONFIG", "SET", "timeout", "0"]);
        }),
        _ => network::disturb(soak, rng, Part::Proxy(number), soak.world.proxy(number)),
    }
}

/// Blocks a runtime of the application for less than a timeout: its calls stand still, and none may
/// fail.
fn freeze_executor(soak: &Soak, rng: &mut Rng) {
    let length = Duration::from_millis(rng.u64(FROZEN));
    soak.with_effect(Part::Executor, Effect::Nothing, "frozen executor", || {
        soak.freezer.ask(length);
        thread::sleep(length);
    });
}

pub(super) fn tell(soak: &Soak, server: &Server, words: &[&str]) {
    let told = ask::<redis::Value>(&server.client(), words);
    if let Err(error) = told {
        soak.violation(&format!(
            "a healthy server did not execute {words:?}: {error}"
        ));
    }
}
