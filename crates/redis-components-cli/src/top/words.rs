//! Figures and states, short enough for a column.

use crate::live::{Component, Progress, Snapshot};
use crate::moving::standing::state::State;
use crate::text::counted;

/// Returns a rate of commands, or `-`.
pub(super) fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| grouped(rate.round().max(0.0)))
}

/// Returns a whole number with commas between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number of bytes, or `-`.
pub(super) fn bytes(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else {
        return "-".to_owned();
    };
    #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
    let mut size = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if size < 1000.0 {
            break;
        }
        size /= 1000.0;
        unit = next;
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{size:.1} {unit}")
    }
}

pub(super) fn number(number: Option<u64>) -> String {
    #[allow(clippy::cast_precision_loss, reason = "a count for people")]
    number.map_or_else(|| "-".to_owned(), |number| grouped(number as f64))
}

/// Returns the time of day of a time in RFC 3339.
pub(super) fn clock(time: &str) -> String {
    let of_day = time.split_once('T').map_or(time, |(_, of_day)| of_day);
    let seconds = of_day.split(['.', 'Z']).next().unwrap_or_default();
    format!("{seconds}Z")
}

/// Returns a time in RFC 3339 without what is smaller than a second.
pub(super) fn moment(time: &str) -> String {
    match time.split_once('T') {
        Some((day, _)) => format!("{day} {}", clock(time)),
        None => time.to_owned(),
    }
}

/// Returns how old something is.
pub(super) fn age(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round();
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7200.0 {
        format!("{:.0} min", (seconds / 60.0).floor())
    } else {
        format!("{:.0} h", (seconds / 3600.0).floor())
    }
}

/// A problem with at most as many letters is its own state.
const SHORT: usize = 18;

/// How much somebody should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Plain,
    Calm,
    Notable,
    Bad,
}

/// Returns the state of a component in a few words.
pub(super) fn state(snapshot: &Snapshot, component: &Component) -> (String, Weight) {
    if component.disabled {
        return ("switched off".to_owned(), Weight::Calm);
    }
    if let Some(problem) = component
        .problem
        .as_ref()
        .filter(|text| text.len() <= SHORT)
    {
        return (problem.clone(), Weight::Bad);
    }
    let problems = snapshot.problems_of(component).count();
    if problems > 0 {
        return (counted(problems, "problem"), Weight::Bad);
    }
    if let Some(moving) = snapshot.move_of(&component.component) {
        let text = match moving.state {
            Progress::Of(State::Committed) => "moved".to_owned(),
            state => format!("move {}", state.name()),
        };
        return (text, Weight::Notable);
    }
    if let Some(canary) = &component.canary {
        return (format!("canary {} %", canary.percent), Weight::Notable);
    }
    match component.fleet {
        Some(fleet) if fleet.following < fleet.expected => {
            let behind = fleet.expected - fleet.following;
            (format!("{behind} behind"), Weight::Notable)
        }
        Some(fleet) if fleet.expected == 0 => ("no process".to_owned(), Weight::Calm),
        _ => ("ok".to_owned(), Weight::Plain),
    }
}

/// Returns a component's fleet as `n/n`, or `-`.
pub(super) fn fleet(component: &Component) -> String {
    let shown =
        |fleet: crate::fleet::counts::Counts| format!("{}/{}", fleet.following, fleet.expected);
    component.fleet.map_or_else(|| "-".to_owned(), shown)
}

#[cfg(test)]
mod tests {
    use super::{age, bytes, clock, moment, rate};

    #[test]
    fn figures_are_short() {
        assert_eq!(rate(Some(1_234_567.4)), "1,234,567");
        assert_eq!((rate(Some(999.0)), rate(None)), ("999".into(), "-".into()));
        assert_eq!(bytes(Some(999)), "999 B");
        assert_eq!(bytes(Some(1_234_567)), "1.2 MB");
        assert_eq!(clock("2026-01-02T03:04:05.678Z"), "03:04:05Z");
        assert_eq!(moment("2026-01-02T03:04:05.678Z"), "2026-01-02 03:04:05Z");
        assert_eq!(age(119.4), "119 s");
        assert_eq!(age(125.0), "2 min");
        assert_eq!(age(7300.0), "2 h");
    }
}
