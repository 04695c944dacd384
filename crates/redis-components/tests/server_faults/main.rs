//! R3, R4, R5 and R10 while a component's server is killed, frozen, cut off, slow, read-only, or
//! none.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod addresses;
mod busy;
#[path = "../common/mod.rs"]
mod common;
mod forgotten;
mod frozen;
mod frozen_unseen;
mod full;
mod full_disk;
mod handshake;
mod killed;
mod network;
mod read_only;
mod read_only_unseen;
mod slow;
mod unusable;

use std::time::Duration;

use common::{name_of, name_of_blocking};
use redis_components::Component;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);
/// Ten times the longest pause between attempts at a server that is down; one that refuses is left
/// alone for up to thirty seconds.
const BACK: Duration = Duration::from_secs(5);
/// Ten times the five milliseconds that a call may take at most while its server is known to be
/// down.
const FAST: Duration = Duration::from_millis(50);

async fn is_on(name: &str, component: &Component) -> bool {
    let asynchronous = async {
        let mut connection = component.connection().await.ok()?;
        name_of(&mut connection).await.ok()
    };
    let blocking = || {
        let mut connection = component.blocking_connection().ok()?;
        name_of_blocking(&mut connection).ok()
    };
    asynchronous.await.as_deref() == Some(name) && blocking().as_deref() == Some(name)
}
