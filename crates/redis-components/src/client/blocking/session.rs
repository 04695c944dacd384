//! What the users of a connection have left behind in it.

/// The longest name of a command that leaves something behind.
const LONGEST_NAME: usize = "PSUBSCRIBE".len();

/// The state of a connection that outlasts a command.
#[derive(Debug, Default)]
pub(super) struct Session {
    watching: bool,
    queueing: bool,
    spoilt: bool,
}

impl Session {
    /// Notes what a sequence of encoded commands changes.
    pub(super) fn note(&mut self, mut packed: &[u8]) {
        while let Some((name, rest)) = next_command(packed) {
            self.note_command(name);
            packed = rest;
        }
        // What cannot be read may have changed anything.
        self.spoilt |= !packed.is_empty();
    }

    /// Notes that the connection serves no further call.
    pub(super) fn spoil(&mut self) {
        self.spoilt = true;
    }

    /// Returns `true` if the connection is as it was after logging in.
    pub(super) fn is_clean(&self) -> bool {
        !(self.watching || self.queueing || self.spoilt)
    }

    fn note_command(&mut self, name: &[u8]) {
        let mut upper = [0; LONGEST_NAME];
        // A longer name is no command that leaves anything behind.
        let Some(upper) = upper.get_mut(..name.len()) else {
            return;
        };
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        match &*upper {
            b"WATCH" => self.watching = true,
            b"UNWATCH" => self.watching = false,
            b"MULTI" => self.queueing = true,
            b"EXEC" | b"DISCARD" => (self.watching, self.queueing) = (false, false),
            b"SELECT" | b"AUTH" | b"HELLO" | b"RESET" | b"CLIENT" | b"SUBSCRIBE"
            | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"MONITOR" | b"READONLY" | b"ASKING" | b"QUIT" => {
                self.spoilt = true;
            }
            _ => {}
        }
    }
}

/// Returns the name of the first command and the bytes behind it, or none if there is no whole command.
fn next_command(packed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (words, mut rest) = header(packed, b'*')?;
    let mut name = None;
    for _ in 0..words {
        let (length, text) = header(rest, b'$')?;
        let (word, behind) = text.split_at_checked(length)?;
        name = name.or(Some(word));
        rest = behind_line(behind)?;
    }
    Some((name?, rest))
}

/// Returns the number in a line that begins with `kind`, and the bytes behind the line. Every call comes here for each word
/// that it sends, so it goes byte by byte.
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

/// Returns the bytes behind the end of a line.
fn behind_line(packed: &[u8]) -> Option<&[u8]> {
    match packed {
        [b'\r', b'\n', behind @ ..] => Some(behind),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Session;

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
        session.note(&pipeline.get_packed_pipeline());
        session
    }

    #[test]
    fn ordinary_commands_and_whole_transactions_leave_nothing() {
        assert!(after(&[&["GET", "select"], &["SET", "a", "*1\r\n$5\r\nMULTI\r\n"]]).is_clean());
        assert!(after(&[&["WATCH", "a"], &["multi"], &["INCR", "a"], &["exec"]]).is_clean());
        assert!(after(&[&["WATCH", "a"], &["UNWATCH"]]).is_clean());
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
        session.note(b"INLINE\r\n");
        assert!(!session.is_clean());
    }
}
