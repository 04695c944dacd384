//! Data of the current hour and of the hour before.

use std::time::{Duration, SystemTime};

/// Returns the current hour (UTC) as a text that sorts by time.
pub(crate) fn current_hour() -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let hour = Duration::from_secs(now.as_secs() / 3600 * 3600);
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + hour).to_string()
}

/// Returns the keys of data that is kept by the hour: the data, the start of its hour, the data of
/// the hour before, and the start of that hour.
pub(crate) fn keys(key: &str) -> [String; 4] {
    ["", ":start", ":last", ":pstart"].map(|suffix| format!("{key}{suffix}"))
}

/// Lua code in front of scripts that take [`keys`] as `KEYS` and the current hour as `ARGV[1]`.
///
/// It moves the data aside if the data is of an earlier hour. A caller with a slow clock goes on in
/// the hour that other callers have begun.
pub(crate) const BEGIN_HOUR: &str = r"
local data, start, last_data, last_start = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local hour = ARGV[1]
local current = redis.call('GET', start)
if current and current < hour then
    redis.call('DEL', last_data)
    if redis.call('EXISTS', data) == 1 then
        redis.call('RENAME', data, last_data)
    end
    redis.call('RENAME', start, last_start)
end
if not current or current < hour then
    redis.call('SET', start, hour)
end
";
