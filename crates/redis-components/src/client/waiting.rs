//! How long commands that wait do so.

use std::time::Duration;

use redis::{Arg, Cmd};

use super::commands::{is_among_waiting, is_of_streams, option_of_streams, words};

/// The timeout of a command that waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timeout {
    /// Its place among the command's words.
    at: usize,
    unit: Unit,
    /// `None` if the command waits without a bound.
    pub(crate) bound: Option<Duration>,
}

/// How a timeout is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    WholeSeconds,
    Seconds,
    Milliseconds,
}

/// Returns the timeout of a command with these words, if it waits. A timeout that cannot be read is
/// none: the server refuses it.
pub(crate) fn timeout<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Option<Timeout> {
    let mut words = words.into_iter();
    let name = words.next().filter(|name| is_among_waiting(name))?;
    let arguments: Vec<&[u8]> = words.collect();
    let is = |one: &str| name.eq_ignore_ascii_case(one.as_bytes());
    let is_of_streams = is_of_streams(name);
    let argument = if is_of_streams {
        option_of_streams(arguments.iter().copied(), "BLOCK")? + 1
    } else if is("BLMPOP") || is("BZMPOP") {
        0
    } else {
        arguments.len().checked_sub(1)?
    };
    let text = std::str::from_utf8(arguments.get(argument)?).ok()?;
    let (unit, time) = if is_of_streams {
        let milliseconds = text.parse().ok()?;
        (Unit::Milliseconds, Duration::from_millis(milliseconds))
    } else {
        let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
        let unit = if is_whole {
            Unit::WholeSeconds
        } else {
            Unit::Seconds
        };
        let seconds = text.parse().ok()?;
        (unit, Duration::try_from_secs_f64(seconds).ok()?)
    };
    Some(Timeout {
        at: argument + 1,
        unit,
        bound: (!time.is_zero()).then_some(time),
    })
}

/// What is left of a command that waits, after it has waited for a time.
#[derive(Debug)]
pub(crate) enum Rest {
    /// The same command: it has no bound.
    Whole,
    /// The command with a shorter timeout.
    Part(Cmd),
    /// Nothing: its time is over.
    Nothing,
}

/// Returns what is left of a command that has waited for so long.
pub(crate) fn rest(command: &Cmd, waited: Duration) -> Rest {
    let timeout = timeout(words(command));
    let Some((timeout, bound)) = timeout.and_then(|timeout| Some((timeout, timeout.bound?))) else {
        return Rest::Whole;
    };
    let Some(left) = bound.checked_sub(waited).filter(|left| !left.is_zero()) else {
        return Rest::Nothing;
    };
    // Rounded up, because zero means without a bound. Older servers know whole seconds only.
    let milliseconds = left.as_nanos().div_ceil(1_000_000);
    let left = match timeout.unit {
        Unit::Milliseconds => milliseconds.to_string(),
        Unit::WholeSeconds => milliseconds.div_ceil(1000).to_string(),
        Unit::Seconds => format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000),
    };
    let mut shorter = Cmd::new();
    for (number, word) in command.args_iter().enumerate() {
        match word {
            _ if number == timeout.at => shorter.arg(&left),
            Arg::Simple(word) => shorter.arg(word),
            // No command that waits has a cursor.
            _ => return Rest::Whole,
        };
    }
    Rest::Part(shorter)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use redis::Cmd;

    use super::{Rest, rest, timeout, words};

    fn command(line: &str) -> Cmd {
        let mut command = Cmd::new();
        line.split(' ').for_each(|word| {
            command.arg(word);
        });
        command
    }

    #[test]
    fn r4_a_command_that_waits_is_sent_again_for_the_rest_of_its_time() {
        let waited = Duration::from_millis(1_200);
        for (line, shorter) in [
            ("BLPOP a b 10", "BLPOP a b 9"),
            ("brpop a 2.5", "brpop a 1.300"),
            ("BLPOP a 2", "BLPOP a 1"),
            ("BLMOVE a b LEFT RIGHT 3", "BLMOVE a b LEFT RIGHT 2"),
            ("BLMPOP 4 1 a LEFT", "BLMPOP 3 1 a LEFT"),
            ("BZMPOP 1.5 1 a MIN COUNT 2", "BZMPOP 0.300 1 a MIN COUNT 2"),
            (
                "XREAD BLOCK 5000 STREAMS s $",
                "XREAD BLOCK 3800 STREAMS s $",
            ),
            (
                "XREADGROUP BLOCK 5000 GROUP g block STREAMS s >",
                "XREADGROUP BLOCK 3800 GROUP g block STREAMS s >",
            ),
            (
                "XREADGROUP GROUP g block COUNT 1 BLOCK 1201 STREAMS s >",
                "XREADGROUP GROUP g block COUNT 1 BLOCK 1 STREAMS s >",
            ),
        ] {
            let Rest::Part(rest) = rest(&command(line), waited) else {
                panic!("{line}");
            };
            let (packed, expected) = (rest.get_packed_command(), command(shorter));
            assert_eq!(packed, expected.get_packed_command(), "{line}");
        }
        for line in ["BLPOP a 1", "BLPOP a 1.2", "XREAD BLOCK 1200 STREAMS s $"] {
            let rest = rest(&command(line), waited);
            assert!(matches!(rest, Rest::Nothing), "{line}: {rest:?}");
        }
        for line in ["BLPOP a 0", "BZPOPMIN a 0.0", "XREAD BLOCK 0 STREAMS s $"] {
            let rest = rest(&command(line), waited);
            assert!(matches!(rest, Rest::Whole), "{line}: {rest:?}");
            let read = timeout(words(&command(line)));
            assert_eq!(read.map(|timeout| timeout.bound), Some(None), "{line}");
        }
    }

    #[test]
    fn what_does_not_wait_and_what_no_server_takes_has_no_timeout() {
        for line in [
            "GET 10",
            "LPOP a 10",
            "XREAD COUNT 10 STREAMS s 0",
            "BLPOP a -1",
            "BLPOP a nan",
            "BLPOP a soon",
            "BLPOP",
            "XREAD BLOCK",
            "BLMPOP",
        ] {
            assert_eq!(timeout(words(&command(line))), None, "{line}");
        }
    }
}
