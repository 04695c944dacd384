//! Faults of the network in front of a server.

use std::time::Duration;

use fastrand::Rng;
use redis_components_testing::Proxy;

use super::fault::{FREEZE, LENGTH, last};
use crate::places::Part;
use crate::record::effect::Effect;
use crate::soak::Soak;

/// The delay of each piece, in milliseconds.
const DELAY: std::ops::Range<u64> = 1..300;
/// Bytes of replies until a connection is cut.
const BYTES: std::ops::Range<usize> = 1..400;

pub(super) fn disturb(soak: &Soak, rng: &mut Rng, part: Part, proxy: &Proxy) {
    match rng.u32(0..6) {
        0 => soak.with_fault(part, "connections cut", || proxy.cut()),
        1 => soak.with_fault(part, "connections cut in mid-reply", || {
            proxy.cut_after(rng.usize(BYTES));
            last(soak, rng, LENGTH);
            proxy.pass();
        }),
        2 => soak.with_fault(part, "delays", || {
            proxy.delay(Duration::from_millis(rng.u64(DELAY)));
            last(soak, rng, LENGTH);
            proxy.pass();
        }),
        3 => soak.with_fault(part, "single bytes", || {
            proxy.trickle();
            last(soak, rng, LENGTH);
            proxy.pass();
        }),
        4 => hang_up_on_client(soak, rng, part, proxy),
        _ => soak.with_fault(part, "black hole", || {
            proxy.hold();
            last(soak, rng, FREEZE);
            proxy.pass();
        }),
    }
}

/// Hangs up on every client that sends a command which some proxies do not know. First cuts all
/// connections, so that the command is sent. No client needs it.
fn hang_up_on_client(soak: &Soak, rng: &mut Rng, part: Part, proxy: &Proxy) {
    let kind = "proxy that hangs up on CLIENT";
    soak.with_effect(part, Effect::Nothing, kind, || {
        proxy.hang_up_on("CLIENT");
        soak.with_fault(part, "connections cut", || proxy.cut());
        last(soak, rng, LENGTH);
        proxy.pass();
    });
}
