//! Medians and quantiles, with their confidence intervals.

use serde::Serialize;

/// A quantile of a sample, with the interval that contains the true value in 95 of 100 samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) samples: usize,
}

impl Estimate {
    pub(crate) const fn exact(value: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
            samples: 1,
        }
    }
}

/// Returns the median of a sample, or none if it is empty.
pub(crate) fn median(sample: impl IntoIterator<Item = f64>) -> Option<Estimate> {
    quantile(sample, 0.5)
}

/// Returns a quantile of a sample, with an interval by order statistics, which assumes no
/// distribution. If the sample is too small for 95 %, the interval is its range.
pub(crate) fn quantile(sample: impl IntoIterator<Item = f64>, q: f64) -> Option<Estimate> {
    let mut sorted: Vec<f64> = sample.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |rank: f64| sorted[index(rank, last)];
    let count = count(sorted.len());
    let centre = q * (count - 1.0);
    let spread = 1.96 * (count * q * (1.0 - q)).sqrt();
    let below = at(centre.floor());
    let value = (at(centre.ceil()) - below).mul_add(centre.fract(), below);
    Some(Estimate {
        value,
        low: at((centre - spread).floor()),
        high: at((centre + spread).ceil()),
        samples: sorted.len(),
    })
}

#[allow(
    clippy::cast_precision_loss,
    reason = "no sample here has 2^53 members"
)]
fn count(samples: usize) -> f64 {
    samples as f64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the sample"
)]
fn index(rank: f64, last: usize) -> usize {
    (rank.max(0.0) as usize).min(last)
}

#[cfg(test)]
mod tests {
    use super::{median, quantile};

    #[test]
    fn the_median_of_an_even_sample_lies_between_its_middle_two() {
        let found = median([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((found.value, found.low, found.high), (2.5, 1.0, 4.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn the_interval_of_a_hundred_is_that_of_the_binomial_distribution() {
        let found = median((1..=100).map(f64::from)).unwrap();
        assert_eq!((found.value, found.low, found.high), (50.5, 40.0, 61.0));
    }

    #[test]
    fn a_high_quantile_is_bounded_by_the_sample() {
        let found = quantile((1..=100).map(f64::from), 0.99).unwrap();
        assert!(found.low < found.value && found.high == 100.0);
    }
}
