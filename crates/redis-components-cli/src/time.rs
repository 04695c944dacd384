//! Times as RFC 3339, in UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest time of the command line: the clock cannot count to the end of every longer one.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Returns the time of this machine, to the millisecond.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// Reads a time of the command line, such as `1m 30s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let read = humantime::parse_duration(text);
    let time =
        read.map_err(|_| "a time is a number with a unit, such as 500ms, 30s or 2m".to_owned())?;
    if time > LONGEST {
        return Err("a time is 365days at most".to_owned());
    }
    Ok(time)
}

/// Returns the time of a number of seconds since 1970, if it can be written.
pub(crate) fn of_unix(seconds: u64) -> Option<String> {
    // humantime panics after the year 9999.
    const LAST: u64 = 253_402_300_799;
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    (seconds <= LAST).then(|| humantime::format_rfc3339_seconds(time).to_string())
}

/// Returns `true` for a time as commands write it.
pub(crate) fn is_time(text: &str) -> bool {
    humantime::parse_rfc3339(text).is_ok()
}

/// Returns the number of seconds since 1970.
pub(crate) fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_secs())
}

/// Returns a time in milliseconds, to a tenth.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, duration, of_unix};

    #[test]
    fn a_time_has_a_bound() {
        assert_eq!(duration("365days"), Ok(LONGEST));
        for text in ["366days", "500000000000y"] {
            assert!(duration(text).unwrap_err().contains("at most"), "{text}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_written_is_none() {
        assert_eq!(of_unix(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(of_unix(253_402_300_800), None);
        assert_eq!(of_unix(u64::MAX), None);
    }
}
