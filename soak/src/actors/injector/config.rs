//! Faults of the config server.

use std::time::Duration;

use fastrand::Rng;

use super::fault::{FREEZE, LENGTH, last, restart, tell};
use super::{network, refusals, tracking};
use crate::actors::operator::{any_place, set_all_again};
use crate::admin::{connect, request};
use crate::lock::lock;
use crate::places::Part;
use crate::record::history::What;
use crate::soak::Soak;
use crate::which::Which;

/// How long the config server stays empty, in milliseconds.
const EMPTY: std::ops::RangeInclusive<u64> = 0..=2000;

pub(super) fn break_something(soak: &Soak, rng: &mut Rng) {
    let server = &soak.world.config;
    match rng.u32(0..100) {
        0..10 => {
            {
                let _writer = lock(&soak.config_writer);
                soak.with_fault(Part::Config, "config server: SIGKILL and restart", || {
                    server.stop();
                    soak.with_change("lost with the config server", &all_gone(), false, || {});
                    last(soak, rng, FREEZE);
                    restart(soak, server);
                });
            }
            last(soak, rng, EMPTY);
            set_all_again(soak);
        }
        10..20 => freeze(soak, rng),
        20..28 => {
            {
                let _writer = lock(&soak.config_writer);
                soak.with_change("FLUSHALL", &all_gone(), false, || {
                    tell(soak, server, &["FLUSHALL"]);
                });
            }
            last(soak, rng, EMPTY);
            set_all_again(soak);
        }
        28..38 => soak.with_fault(Part::Config, "config server: CLIENT KILL", || {
            let _writer = lock(&soak.config_writer);
            tell(soak, server, &["CLIENT", "KILL", "TYPE", "normal"]);
        }),
        38..45 => soak.with_fault(Part::Config, "config server: CONFIG SET timeout 1", || {
            tell(soak, server, &["CONFIG", "SET", "timeout", "1"]);
            last(soak, rng, LENGTH);
            tell(soak, server, &["CONFIG", "SET", "timeout", "0"]);
        }),
        45..54 => {
            let _writer = lock(&soak.config_writer);
            refusals::fail_to_save(soak, rng, server, Part::Config);
        }
        54..61 => {
            let _writer = lock(&soak.config_writer);
            refusals::run_script(soak, rng, server, Part::Config);
        }
        61..69 => {
            let _writer = lock(&soak.config_writer);
            refusals::limit_clients(soak, rng, server, Part::Config);
        }
        69..78 => tracking::shrink(soak, rng),
        _ => network::disturb(soak, rng, Part::Config, &soak.world.config_proxy),
    }
}

fn all_gone() -> [(Which, What); 4] {
    Which::ALL.map(|which| (which, What::Nothing))
}

/// Freezes the config server, and sends it a change that it makes when it continues.
fn freeze(soak: &Soak, rng: &mut Rng) {
    let _writer = lock(&soak.config_writer);
    let server = &soak.world.config;
    let which = Which::ALL[rng.usize(0..Which::ALL.len())];
    let place = any_place(rng);
    let config = soak.world.config_of(place, 0);
    let changes = [(which, What::On(place))];
    let changed = soak.with_change("move while frozen", &changes, false, || {
        let mut connection = connect(&server.client())?;
        // The answer may be as late as the longest freeze.
        connection.set_read_timeout(Some(Duration::from_secs(60)))?;
        soak.with_fault(Part::Config, "config server: SIGSTOP and SIGCONT", || {
            server.freeze();
            let words = ["SET", which.key(), config.as_str()];
            let sent = connection.send_packed_command(&request(&words).get_packed_command());
            last(soak, rng, FREEZE);
            server.thaw();
            sent
        })?;
        connection.recv_response()
    });
    if let Err(error) = changed {
        soak.violation(&format!(
            "a config server that was frozen lost a change: {error}"
        ));
    }
}
