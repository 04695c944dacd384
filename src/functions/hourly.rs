//! Data of the current hour, with that of the hour before put aside.

use std::time::{Duration, SystemTime};

/// The hour (UTC) as a text that sorts by time.
pub(crate) fn current_hour() -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let hour = Duration::from_secs(now.as_secs() / 3600 * 3600);
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + hour).to_string()
}

/// The keys of data that is kept by the hour: it, when its hour began, that of the hour before, and when that began.
pub(crate) fn keys(key: &str) -> [String; 4] {
    ["", ":start", ":last", ":pstart"].map(|suffix| format!("{key}{suffix}"))
}

/// Lua in front of scripts that take [`keys`] as `KEYS` and the current hour as `ARGV[1]`: puts the data aside where it
/// is of an earlier hour. A caller whose clock is behind goes on in the hour that the others have begun.
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
