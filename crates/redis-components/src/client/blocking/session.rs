//! The session state that users of a connection leave in it, read from the bytes that they send.

use crate::client::commands::Session;
use crate::client::packed::{behind_line, header};

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

#[cfg(test)]
mod tests {
    use super::note_packed;
    use crate::client::commands::Session;

    fn after(commands: &[&[&str]]) -> Session {
        let mut session = Session::default();
        let mut pipeline = redis::pipe();
        for words in commands {
            let mut command = redis::Cmd::new();
            for word in *words {
                command.arg(*word);
            }
            pipeline.add_command(command);
        }
        note_packed(&mut session, &pipeline.get_packed_pipeline());
        session
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
