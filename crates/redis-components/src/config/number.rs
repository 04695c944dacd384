//! Whole numbers, as JSON or in quotes.

use serde_json::Value;

/// Returns the whole number that the value stands for: `6379`, `6379.0`, `"6379"`.
pub(super) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().and_then(whole_float)),
        Value::String(text) => digits(text.trim_ascii()),
        _ => None,
    }
}

/// Returns the text as a number, if it has only digits.
pub(super) fn digits(text: &str) -> Option<u64> {
    // `parse` takes a sign as well.
    let only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| text.parse().ok()).flatten()
}

fn whole_float(float: f64) -> Option<u64> {
    /// Up to here every whole number has its own float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = float.fract() == 0.0 && (0.0..=EXACT).contains(&float);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole and in range"
    )]
    is_whole.then_some(float as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::whole;

    #[test]
    fn a_whole_number_has_several_spellings() {
        for value in [
            json!(6379),
            json!(6379.0),
            json!("6379"),
            json!(" 6379\n"),
            json!("06379"),
        ] {
            assert_eq!(whole(&value), Some(6379), "{value}");
        }
        assert_eq!(whole(&json!(-0.0)), Some(0));
        assert_eq!(whole(&json!(u64::MAX)), Some(u64::MAX));
    }

    #[test]
    fn anything_else_is_no_whole_number() {
        for value in [
            json!(0.5),
            json!(-1),
            json!(-1.0),
            json!(1e300),
            json!("6379.0"),
            json!("+1"),
            json!("-0"),
            json!("1e3"),
            json!("0x10"),
            json!("6_379"),
            json!(""),
            json!("18446744073709551616"),
            json!("１"),
            json!(true),
            json!([1]),
            Value::Null,
        ] {
            assert_eq!(whole(&value), None, "{value}");
        }
    }
}
