//! Round numbers for an axis that begins at 0.

/// At most so many lines are drawn over an axis, without the one at 0.
const MOST: f64 = 6.0;

/// Returns the numbers to mark: from 0, in steps of 1, 2 or 5 times a power of ten, and none above
/// `highest`.
pub(super) fn round_numbers(highest: f64) -> Vec<f64> {
    if !highest.is_finite() || highest <= 0.0 {
        return vec![0.0];
    }
    let power = 10_f64.powf((highest / MOST).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| highest / step <= MOST);
    let step = step.unwrap_or(highest);
    let all = (0..).map(|number| f64::from(number) * step);
    all.take_while(|number| *number <= highest).collect()
}

#[cfg(test)]
mod tests {
    use super::round_numbers;

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(round_numbers(5.2), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let marks = round_numbers(530_000.0);
        assert_eq!(marks.len(), 6);
        assert!((marks[5] - 500_000.0).abs() < 1.0);
        assert_eq!(round_numbers(0.0), [0.0]);
        assert_eq!(round_numbers(f64::NAN), [0.0]);
    }
}
