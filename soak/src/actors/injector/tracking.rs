//! A config server whose table of tracked keys is too small.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use redis::{Client, ProtocolVersion, RedisResult};

use super::fault::{LENGTH, tell};
use crate::admin::{connect, request};
use crate::places::Part;
use crate::record::effect::Effect;
use crate::soak::Soak;

/// Keys that another client reads at once.
const KEYS: u64 = 10;
/// The pause between two of its readings.
const PAUSE: Duration = Duration::from_millis(2);

/// Lets the table hold one key, and another client fill it.
pub(super) fn shrink(soak: &Soak, rng: &mut Rng) {
    let (server, kind) = (&soak.world.config, "config server: evicted tracking table");
    let length = Duration::from_millis(rng.u64(LENGTH));
    let tracked = soak.with_effect(Part::Config, Effect::Nothing, kind, || {
        tell(
            soak,
            server,
            &["CONFIG", "SET", "tracking-table-max-keys", "1"],
        );
        let tracked = track_others(soak, &server.client(), length);
        tell(
            soak,
            server,
            &["CONFIG", "SET", "tracking-table-max-keys", "1000000"],
        );
        tracked
    });
    if let Err(error) = tracked {
        soak.violation(&format!("{kind} could not be made: {error}"));
    }
}

/// Reads keys that nobody else reads, as a client that is told of their changes.
fn track_others(soak: &Soak, client: &Client, length: Duration) -> RedisResult<()> {
    let info = client.get_connection_info();
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.clone().set_redis_settings(settings))?;
    let mut other = connect(&client)?;
    request(&["CLIENT", "TRACKING", "ON"]).exec(&mut other)?;
    let deadline = Instant::now() + length;
    let mut key: u64 = 0;
    while soak.gate.is_open() && Instant::now() < deadline {
        let mut reading = redis::pipe();
        for _ in 0..KEYS {
            key += 1;
            reading.cmd("GET").arg(format!("other:{key}"));
        }
        reading.exec(&mut other)?;
        thread::sleep(PAUSE);
    }
    Ok(())
}
