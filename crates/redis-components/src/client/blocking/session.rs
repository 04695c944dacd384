//! What commands do to their connection, read from the bytes that are sent: the session state that
//! they leave in it, and how long they wait.

use std::time::Duration;

use crate::client::commands::{Session, is_among_waiting};
use crate::client::waiting::timeout;

/// Commands of which at least one may wait.
#[derive(Debug, PartialEq)]
pub(crate) struct Waits<'a> {
    /// The name of the first that does.
    pub(crate) command: &'a [u8],
    /// How long they wait together at most. `None` if there is no bound.
    pub(crate) bound: Option<Duration>,
}

/// Returns how long encoded commands may wait that are sent in this session.
pub(super) fn wait_of<'a>(session: &Session, mut packed: &'a [u8]) -> Option<Waits<'a>> {
    let mut session = session.clone();
    let mut waits: Option<Waits<'a>> = None;
    while let Some(first) = first_command(packed) {
        // The server queues the commands of a transaction, and then none waits.
        if is_among_waiting(first.name)
            && !session.is_queueing()
            && let Some(timeout) = timeout(words(packed))
        {
            let before = waits.get_or_insert(Waits {
                command: first.name,
                bound: Some(Duration::ZERO),
            });
            let both = before.bound.zip(timeout.bound);
            before.bound = both.map(|(before, bound)| before.saturating_add(bound));
        }
        session.note(first.name, first.argument);
        packed = first.rest;
    }
    waits
}

/// Notes the session state that a sequence of encoded commands leaves.
pub(super) fn note_packed(session: &mut Session, mut packed: &[u8]) {
    while let Some(first) = first_command(packed) {
        session.note(first.name, first.argument);
        packed = first.rest;
    }
    // Bytes that cannot be read may have changed anything.
    if !packed.is_empty() {
        session.spoil();
    }
}

struct FirstCommand<'a> {
    name: &'a [u8],
    argument: Option<&'a [u8]>,
    /// The bytes after it.
    rest: &'a [u8],
}

/// Returns the first command, or `None` if there is no whole command.
fn first_command(packed: &[u8]) -> Option<FirstCommand<'_>> {
    let (words, mut rest) = header(packed, b'*')?;
    let (mut name, mut argument) = (None, None);
    for number in 0..words {
        let (length, text) = header(rest, b'$')?;
        let (word, behind) = text.split_at_checked(length)?;
        match number {
            0 => name = Some(word),
            1 => argument = Some(word),
            _ => {}
        }
        rest = behind_line(behind)?;
    }
    let name = name?;
    Some(FirstCommand {
        name,
        argument,
        rest,
    })
}

/// Returns the words of the first command.
fn words(packed: &[u8]) -> Vec<&[u8]> {
    let Some((count, mut rest)) = header(packed, b'*') else {
        return Vec::new();
    };
    let next = || {
        let (length, text) = header(rest, b'$')?;
        let (word, behind) = text.split_at_checked(length)?;
        rest = behind_line(behind)?;
        Some(word)
    };
    std::iter::from_fn(next).take(count).collect()
}

/// Returns the number in a line that begins with `kind`, and the bytes after the line. Every call
/// runs this for each word that it sends, so it goes byte by byte.
fn header(packed: &[u8], kind: u8) -> Option<(usize, &[u8])> {
    let (first, mut rest) = packed.split_first()?;
    if *first != kind {
        return None;
    }
    let mut number: usize = 0;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number = number.checked_mul(10)?.checked_add((digit - b'0').into())?;
        rest = behind;
    }
    Some((number, behind_line(rest)?))
}

/// Returns the bytes after the end of a line.
fn behind_line(packed: &[u8]) -> Option<&[u8]> {
    match packed {
        [b'\r', b'\n', behind @ ..] => Some(behind),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{note_packed, wait_of};
    use crate::client::commands::Session;

    fn packed(commands: &[&[&str]]) -> Vec<u8> {
        let mut pipeline = redis::pipe();
        for words in commands {
            let mut command = redis::Cmd::new();
            for word in *words {
                command.arg(*word);
            }
            pipeline.add_command(command);
        }
        pipeline.get_packed_pipeline()
    }

    fn after(commands: &[&[&str]]) -> Session {
        let mut session = Session::default();
        note_packed(&mut session, &packed(commands));
        session
    }

    /// Returns the first of these commands that waits, and how long all do.
    fn wait(commands: &[&[&str]]) -> Option<(String, Option<Duration>)> {
        let packed = packed(commands);
        let waits = wait_of(&Session::default(), &packed)?;
        Some((
            String::from_utf8_lossy(waits.command).into_owned(),
            waits.bound,
        ))
    }

    #[test]
    fn r10_the_waits_of_a_pipeline_are_added_up() {
        let (get, pop) = (&["GET", "BLPOP"][..], &["BLPOP", "a", "1.5"][..]);
        let read = &["XREAD", "BLOCK", "500", "STREAMS", "s", "$"][..];
        let (begin, end) = (&["MULTI"][..], &["EXEC"][..]);
        let found = |name: &str, milliseconds| {
            let bound = Duration::from_millis(milliseconds);
            Some((name.to_owned(), Some(bound)))
        };
        assert_eq!(wait(&[get]), None);
        assert_eq!(wait(&[get, pop, read]), found("BLPOP", 2_000));
        assert_eq!(wait(&[begin, pop, end]), None);
        assert_eq!(wait(&[begin, pop, end, read]), found("XREAD", 500));
        let forever = &["brpop", "a", "0"][..];
        assert_eq!(wait(&[forever, pop]), Some(("brpop".to_owned(), None)));
        assert_eq!(wait(&[pop, forever]), Some(("BLPOP".to_owned(), None)));
    }

    #[test]
    fn ordinary_commands_and_whole_transactions_leave_nothing() {
        assert!(after(&[&["GET", "select"], &["SET", "a", "*1\r\n$5\r\nMULTI\r\n"]]).is_clean());
        assert!(after(&[&["WATCH", "a"], &["multi"], &["INCR", "a"], &["exec"]]).is_clean());
        assert!(after(&[&["WATCH", "a"], &["UNWATCH"]]).is_clean());
        assert!(after(&[&["CLIENT", "ID"], &["BLPOP", "a", "1"]]).is_clean());
    }

    #[test]
    fn what_is_begun_or_changed_is_left() {
        for left in [
            &["WATCH", "a"][..],
            &["MULTI"],
            &["select", "1"],
            &["CLIENT", "REPLY", "OFF"],
        ] {
            assert!(!after(&[left]).is_clean(), "{left:?}");
        }
        assert!(!after(&[&["WATCH", "a"], &["GET", "a"]]).is_clean());
        let mut session = Session::default();
        note_packed(&mut session, b"INLINE\r\n");
        assert!(!session.is_clean());
    }
}
