//! How often each server was called in the last half hour.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

use crate::live::Snapshot;

/// Samples are kept for as long.
const KEPT: Duration = Duration::from_secs(30 * 60);
/// And as many of each server.
const MOST: usize = 1800;

/// How often each server was called: milliseconds since 1970, and commands a second.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Samples {
    servers: BTreeMap<String, VecDeque<(u64, Option<f64>)>>,
}

impl Samples {
    /// Notes what a picture says, at most once a second.
    pub(super) fn note(&mut self, snapshot: &Snapshot, now: u64) {
        for server in &snapshot.servers {
            // The first look has no rate yet.
            if server.up && server.commands_per_second.is_none() {
                continue;
            }
            let samples = self.servers.entry(server.server.clone()).or_default();
            let last = samples.back().map(|(at, _)| *at);
            // Clocks are set back now and then.
            if last.is_none_or(|last| now < last || now - last >= 900) {
                samples.push_back((now, server.commands_per_second));
            }
        }
        let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
        for samples in self.servers.values_mut() {
            while samples.len() > MOST
                || samples
                    .front()
                    .is_some_and(|(at, _)| now.saturating_sub(*at) > kept)
            {
                samples.pop_front();
            }
        }
        self.servers.retain(|_, samples| !samples.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Samples};
    use crate::live::Snapshot;

    #[test]
    fn samples_are_a_second_apart_and_end() {
        let snapshot: Snapshot =
            serde_json::from_str(include_str!("../live/example.json")).unwrap();
        let mut samples = Samples::default();
        for now in [1000, 1100, 1950, 2950] {
            samples.note(&snapshot, now);
        }
        let logs = |samples: &Samples| samples.servers["10.0.0.3:6379"].clone();
        let rate = Some(18250.4);
        assert_eq!(logs(&samples), [(1000, rate), (1950, rate), (2950, rate)]);
        for second in 0..2000 {
            samples.note(&snapshot, 10_000 + second * 1000);
        }
        assert_eq!(logs(&samples).len(), MOST);
        // A server that is gone is forgotten in the end.
        let mut empty = snapshot.clone();
        empty.servers.clear();
        samples.note(&empty, 10_000_000);
        assert!(samples.servers.is_empty());
    }
}
