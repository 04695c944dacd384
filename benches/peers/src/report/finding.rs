//! Figures with names and bars.

use serde::Serialize;

use crate::statistics::Estimate;

/// The limit that a figure is to keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Ratio,
    Milliseconds,
    Count,
}

/// A figure by name.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) estimate: Estimate,
    pub(crate) bar: Option<Bar>,
}

/// Whether a bar is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// The interval contains the bar.
    Noise,
}

impl Finding {
    pub(crate) fn ratio(name: impl Into<String>, estimate: Estimate, bar: Option<Bar>) -> Self {
        Self {
            name: name.into(),
            unit: Unit::Ratio,
            estimate,
            bar,
        }
    }

    /// Returns an exact number.
    pub(crate) fn count(name: impl Into<String>, value: f64, bar: Option<Bar>) -> Self {
        Self {
            name: name.into(),
            unit: Unit::Count,
            estimate: Estimate::exact(value),
            bar,
        }
    }

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let Estimate { low, high, .. } = self.estimate;
        let (met, missed) = match self.bar? {
            Bar::AtLeast(bar) => (low >= bar, high < bar),
            Bar::AtMost(bar) => (high <= bar, low > bar),
        };
        Some(match (met, missed) {
            (true, _) => Verdict::Met,
            (_, true) => Verdict::Missed,
            _ => Verdict::Noise,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Finding, Verdict};
    use crate::statistics::Estimate;

    #[test]
    fn a_bar_is_missed_when_the_whole_interval_lies_on_the_wrong_side() {
        let verdict = |low, high, bar| {
            let estimate = Estimate {
                value: f64::midpoint(low, high),
                low,
                high,
                samples: 100,
            };
            Finding::ratio("", estimate, Some(bar)).verdict().unwrap()
        };
        let bar = Bar::AtLeast(0.97);
        assert_eq!(verdict(0.98, 1.0, bar), Verdict::Met);
        assert_eq!(verdict(0.95, 0.98, bar), Verdict::Noise);
        assert_eq!(verdict(0.90, 0.96, bar), Verdict::Missed);
        let bar = Bar::AtMost(2.0);
        assert_eq!(verdict(1.8, 1.9, bar), Verdict::Met);
        assert_eq!(verdict(1.9, 2.1, bar), Verdict::Noise);
        assert_eq!(verdict(2.1, 2.2, bar), Verdict::Missed);
    }
}
