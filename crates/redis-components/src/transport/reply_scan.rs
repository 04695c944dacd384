//! Where the replies of a connection begin and end, whatever their bytes are.

use super::reply_bounds::{ReplyBounds, Unbounded};

/// Follows the replies of one connection, byte by byte, in constant memory.
#[derive(Debug)]
pub(super) struct Replies {
    bounds: ReplyBounds,
    state: State,
    /// How many elements are still to come, at each level of nesting.
    open: Vec<u64>,
    /// The length of the reply so far.
    length: u64,
    complete: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// A value begins.
    Kind,
    /// A line goes on.
    Line(Line),
    /// So many bytes of a string are still to come, with the end of its line.
    String(u64),
}

#[derive(Clone, Copy, Debug)]
struct Line {
    kind: Kind,
    /// Whether a negative number means that there is no value.
    may_be_nil: bool,
    length: u64,
    after_return: bool,
    number: Number,
}

/// What a line announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    /// A string.
    String,
    /// So many times this many values, and this many more.
    Values(u64, u64),
}

/// The number in a header.
#[derive(Clone, Copy, Debug)]
enum Number {
    Missing,
    Minus,
    Negative,
    Positive(u64),
}

impl Replies {
    pub(super) fn new(bounds: ReplyBounds) -> Self {
        Self {
            bounds,
            state: State::Kind,
            open: Vec::new(),
            length: 0,
            complete: 0,
        }
    }

    /// Returns how many replies are complete.
    pub(super) fn complete(&self) -> usize {
        self.complete
    }

    /// Follows the next bytes of the connection.
    ///
    /// # Errors
    ///
    /// Returns an error if they are no part of a reply, or exceed the bounds. The connection cannot
    /// be used any more.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Unbounded> {
        while let Some(length) = self.reply(bytes)? {
            bytes = &bytes[length..];
        }
        Ok(())
    }

    /// Follows the next bytes to the end of a reply. Returns how many those are, or `None` if the
    /// end is still to come.
    ///
    /// # Errors
    ///
    /// Returns an error as [`follow`](Self::follow) does.
    pub(super) fn reply(&mut self, all: &[u8]) -> Result<Option<usize>, Unbounded> {
        let (complete, mut bytes) = (self.complete, all);
        while let Some(first) = bytes.first() {
            let taken = match self.state {
                State::Kind => {
                    self.begin(*first)?;
                    1
                }
                State::Line(line) => self.line(line, bytes)?,
                State::String(left) => self.string(left, bytes.len()),
            };
            self.length = self.length.saturating_add(taken as u64);
            let most = self.bounds.reply;
            if self.length > most {
                return Err(Unbounded::Reply { most });
            }
            if matches!(self.state, State::Kind) && taken > 0 {
                self.end_value();
            }
            bytes = &bytes[taken..];
            if self.complete > complete {
                return Ok(Some(all.len() - bytes.len()));
            }
        }
        Ok(None)
    }

    fn begin(&mut self, first: u8) -> Result<(), Unbounded> {
        let kind = match first {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => Kind::Nothing,
            b'$' | b'!' | b'=' => Kind::String,
            b'*' | b'~' | b'>' => Kind::Values(1, 0),
            b'%' => Kind::Values(2, 0),
            // The value that the attributes belong to comes after them.
            b'|' => Kind::Values(2, 1),
            _ => return Err(Unbounded::NotRedis),
        };
        self.state = State::Line(Line {
            kind,
            may_be_nil: matches!(first, b'$' | b'*'),
            length: 1,
            after_return: false,
            number: Number::Missing,
        });
        Ok(())
    }

    /// Goes on with a line, and returns how many bytes belong to it.
    fn line(&mut self, mut line: Line, bytes: &[u8]) -> Result<usize, Unbounded> {
        let mut taken = 0;
        let mut has_ended = false;
        for byte in bytes {
            taken += 1;
            if line.after_return && *byte == b'\n' {
                has_ended = true;
                break;
            }
            if line.kind != Kind::Nothing {
                line.number = line.number.with(*byte, line.after_return)?;
            }
            line.after_return = *byte == b'\r';
        }
        line.length += taken as u64;
        let most = self.bounds.line;
        if line.length > most {
            return Err(Unbounded::Line { most });
        }
        if has_ended {
            self.announce(line)?;
        } else {
            self.state = State::Line(line);
        }
        Ok(taken)
    }

    /// Follows what a line announces.
    fn announce(&mut self, line: Line) -> Result<(), Unbounded> {
        self.state = State::Kind;
        let number = match (line.kind, line.number) {
            (Kind::Nothing, _) => return Ok(()),
            (_, Number::Positive(number)) => number,
            (_, Number::Negative) if line.may_be_nil => return Ok(()),
            _ => return Err(Unbounded::NotRedis),
        };
        if let Kind::Values(times, more) = line.kind {
            let values = number
                .checked_mul(times)
                .and_then(|values| values.checked_add(more));
            let most = self.bounds.reply;
            // The shortest value has three bytes.
            match values {
                Some(values) if values <= most / 3 => return self.open(values),
                _ => return Err(Unbounded::Reply { most }),
            }
        }
        let most = self.bounds.string;
        if number > most {
            let length = number;
            return Err(Unbounded::String { length, most });
        }
        self.state = State::String(number + 2);
        Ok(())
    }

    fn open(&mut self, values: u64) -> Result<(), Unbounded> {
        if values == 0 {
            return Ok(());
        }
        let most = self.bounds.depth;
        if self.open.len() == most {
            return Err(Unbounded::Depth { most });
        }
        // One more than there are, because the header ends like a value.
        self.open.push(values + 1);
        Ok(())
    }

    fn string(&mut self, left: u64, available: usize) -> usize {
        let taken = usize::try_from(left).map_or(available, |left| left.min(available));
        let left = left - taken as u64;
        self.state = if left == 0 {
            State::Kind
        } else {
            State::String(left)
        };
        taken
    }

    /// Notes that a value is complete, and those that it was the last element of.
    fn end_value(&mut self) {
        while let Some(left) = self.open.last_mut() {
            *left -= 1;
            if *left > 0 {
                return;
            }
            self.open.pop();
        }
        self.complete += 1;
        self.length = 0;
    }
}

impl Number {
    /// Returns the number with one more byte of its line.
    fn with(self, byte: u8, after_return: bool) -> Result<Self, Unbounded> {
        let digit = char::from(byte).to_digit(10).map(u64::from);
        match (self, byte, digit) {
            _ if after_return => Err(Unbounded::NotRedis),
            (number, b'\r', _) => Ok(number),
            (Self::Missing, b'-', _) => Ok(Self::Minus),
            // To redis-rs, `-0` is 0.
            (Self::Minus, b'1'..=b'9', _) | (Self::Negative, _, Some(_)) => Ok(Self::Negative),
            (Self::Missing, _, Some(digit)) => Ok(Self::Positive(digit)),
            (Self::Positive(number), _, Some(digit)) => {
                let number = number
                    .checked_mul(10)
                    .and_then(|tens| tens.checked_add(digit));
                // redis-rs reads no larger number.
                let number = number.filter(|number| i64::try_from(*number).is_ok());
                number.map(Self::Positive).ok_or(Unbounded::NotRedis)
            }
            _ => Err(Unbounded::NotRedis),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Replies, ReplyBounds, Unbounded};

    const BOUNDS: ReplyBounds = ReplyBounds {
        line: 24,
        string: 100,
        reply: 200,
        depth: 3,
    };

    /// Follows bytes one by one and all at once, which must come to the same.
    fn follow(bytes: &[u8]) -> Result<usize, Unbounded> {
        let (mut at_once, mut one_by_one) = (Replies::new(BOUNDS), Replies::new(BOUNDS));
        let result = at_once.follow(bytes);
        let each = bytes.chunks(1).try_for_each(|byte| one_by_one.follow(byte));
        assert_eq!(result, each);
        assert_eq!(at_once.complete(), one_by_one.complete());
        result.map(|()| at_once.complete())
    }

    #[test]
    fn replies_of_all_kinds_are_counted() {
        for (reply, complete) in [
            ("+OK\r\n", 1),
            ("-ERR a\rb\nc\r\n", 1),
            (":-1\r\n,inf\r\n#t\r\n_\r\n(123\r\n", 5),
            ("$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n", 3),
            ("!3\r\nERR\r\n=5\r\ntxt:a\r\n", 2),
            ("*2\r\n*1\r\n+a\r\n$1\r\nb\r\n+OK\r\n", 2),
            ("*0\r\n*-1\r\n~1\r\n:1\r\n", 3),
            ("%1\r\n+k\r\n+v\r\n|1\r\n+k\r\n+v\r\n+data\r\n", 2),
            (">2\r\n+invalidate\r\n*1\r\n+k\r\n", 1),
            ("*2\r\n+a\r\n", 0),
            ("$5\r\nhell", 0),
            ("+OK\r", 0),
            ("", 0),
        ] {
            assert_eq!(follow(reply.as_bytes()), Ok(complete), "{reply:?}");
        }
    }

    #[test]
    fn r11_what_exceeds_the_bounds_is_refused_at_its_header() {
        let line = Err(Unbounded::Line { most: 24 });
        let reply = Err(Unbounded::Reply { most: 200 });
        let string = |length| Err(Unbounded::String { length, most: 100 });
        for (bytes, refused) in [
            ("+aaaaaaaaaaaaaaaaaaaaaaaaaaaa", line),
            ("$00000000000000000000000000001", line),
            ("$1099511627776\r\n", string(1 << 40)),
            ("!101\r\n", string(101)),
            ("*1099511627776\r\n", reply),
            ("%9223372036854775807\r\n", reply),
            ("|9223372036854775807\r\n", reply),
            (
                "*1\r\n*1\r\n*1\r\n*1\r\n",
                Err(Unbounded::Depth { most: 3 }),
            ),
        ] {
            assert_eq!(follow(bytes.as_bytes()), refused, "{bytes:?}");
        }
        assert_eq!(follow("*3\r\n".repeat(2).as_bytes()), Ok(0));
        let endless = ["*66\r\n", &"+aaaaaaaaaa\r\n".repeat(20)].concat();
        assert_eq!(follow(endless.as_bytes()), reply);
    }

    #[test]
    fn r11_what_is_no_reply_is_refused() {
        for bytes in [
            "HTTP/1.1 400",
            "$\r\n",
            "$-\r\n",
            "$+1\r\n",
            "$ 1\r\n",
            "$1 \r\n",
            "$?\r\n",
            "$1\r1\r\n",
            "$1-\r\n",
            "*9223372036854775808\r\n",
            "$-0\r\n",
            "!-1\r\n",
            "%-1\r\n",
            "|-1\r\n",
            "+OK\r\n\r\n",
        ] {
            assert_eq!(
                follow(bytes.as_bytes()),
                Err(Unbounded::NotRedis),
                "{bytes:?}"
            );
        }
    }
}
