//! Sums and statistics of an hour.

use std::collections::BTreeMap;

/// The sums of an hour's values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// How many values there were.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_of_squares: f64,
}

/// The statistics of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The sums.
    pub totals: Totals,
}

impl Totals {
    /// Returns the mean of the values.
    #[must_use]
    pub fn average(&self) -> f64 {
        self.sum / self.count
    }

    /// Returns the standard deviation of the values, estimated as for a sample; 0 for a single
    /// value.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        let squares = self.sum_of_squares - self.sum * self.sum / self.count;
        // Rounding can leave a little less than zero.
        (squares.max(0.0) / (self.count - 1.0).max(1.0)).sqrt()
    }

    pub(super) fn from_answer(answer: &[f64]) -> Self {
        let at = |index| answer.get(index).copied().unwrap_or_default();
        Self {
            count: at(0),
            sum: at(1),
            sum_of_squares: at(2),
        }
    }
}

impl Stats {
    pub(super) fn from_members(members: &BTreeMap<String, f64>) -> Option<Self> {
        let of = |name| members.get(name).copied();
        Some(Self {
            min: of("min")?,
            max: of("max")?,
            totals: Totals {
                count: of("count")?,
                sum: of("sum")?,
                sum_of_squares: of("sumsq")?,
            },
        })
    }
}
