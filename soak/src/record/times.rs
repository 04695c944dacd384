//! Durations, in bounded memory.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that is told apart.
const LONGEST_MICROSECONDS: u64 = 600_000_000;

/// The times of many calls, to two digits.
#[derive(Debug, Default)]
pub(crate) struct Times(Option<Histogram<u64>>);

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Times {
    pub(crate) fn record(&mut self, duration: Duration) {
        if self.0.is_none() {
            // An error means that the bounds make no sense.
            self.0 = Histogram::new_with_bounds(1, LONGEST_MICROSECONDS, 2).ok();
        }
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        }
    }

    pub(crate) fn percentiles(&self) -> Percentiles {
        let Some(histogram) = &self.0 else {
            return Percentiles::default();
        };
        let at = |quantile| milliseconds(histogram.value_at_quantile(quantile));
        Percentiles {
            count: histogram.len(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: milliseconds(histogram.max()),
        }
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            p50,
            p99,
            p999,
            max,
            ..
        } = self;
        write!(f, "{p50:>8.2} {p99:>8.1} {p999:>8.1} {max:>8.1}")
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1000.0
}
