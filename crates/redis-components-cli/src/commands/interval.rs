//! How often servers are looked at.

use std::time::Duration;

use crate::time::duration;

/// Reads an interval that neither floods servers nor is of no use.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&time) {
        Ok(time)
    } else {
        Err("it must be from 100ms to 60s".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn an_interval_has_bounds() {
        for text in ["100ms", "1s", "1m"] {
            assert!(interval(text).is_ok(), "{text}");
        }
        for text in ["", "0s", "99ms", "61s", "5"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
