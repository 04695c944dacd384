//! Faults of the data servers.

use fastrand::Rng;
use redis_components_testing::Server;

use super::fault::{FREEZE, LENGTH, last, restart};
use super::network;
use crate::admin::ask;
use crate::places::{Part, SERVERS};
use crate::soak::Soak;

pub(super) fn break_something(soak: &Soak, rng: &mut Rng) {
    let number = rng.usize(0..SERVERS);
    let (server, part) = (soak.world.server(number), Part::Server(number));
    match rng.u32(0..100) {
        0..15 => soak.with_fault(part, "SIGKILL and restart", || {
            server.stop();
            last(soak, rng, LENGTH);
            restart(soak, server);
        }),
        15..30 => soak.with_fault(part, "SIGSTOP and SIGCONT", || {
            server.freeze();
            last(soak, rng, FREEZE);
            server.thaw();
        }),
        30..45 => soak.with_fault(part, "CLIENT KILL", || {
            let kill = ["CLIENT", "KILL", "TYPE", "normal"];
            tell(soak, server, &kill);
        }),
        45..55 => soak.with_fault(part, "CONFIG SET timeout 1", || {
            tell(soak, server, &["CONFIG", "SET", "timeout", "1"]);
            last(soak, rng, LENGTH);
            tell(soak, server, &["CONFIG", "SET", "timeout", "0"]);
        }),
        _ => network::disturb(soak, rng, Part::Proxy(number), soak.world.proxy(number)),
    }
}

pub(super) fn tell(soak: &Soak, server: &Server, words: &[&str]) {
    let told = ask::<redis::Value>(&server.client(), words);
    if let Err(error) = told {
        soak.violation(&format!(
            "a healthy server did not execute {words:?}: {error}"
        ));
    }
}
