//! The calls in a function's body that its connection refuses, as far as their names show.

use std::ops::Range;

use crate::source::lexer::{Lexer, Token};

/// Commands that wait.
const WAITING: [&str; 8] = [
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BLMOVE",
    "BLMPOP",
    "BZPOPMIN",
    "BZPOPMAX",
    "BZMPOP",
];

/// Commands that wait only if an argument says so.
const STREAMS: [&str; 2] = ["XREAD", "XREADGROUP"];

/// Commands that change the session. A pipeline may begin and end a transaction.
const SESSION: [&str; 9] = [
    "SELECT",
    "AUTH",
    "HELLO",
    "RESET",
    "QUIT",
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "SSUBSCRIBE",
    "MONITOR",
];

const BEGINS: [&str; 2] = ["MULTI", "WATCH"];

const ENDS: [&str; 3] = ["EXEC", "DISCARD", "UNWATCH"];

const CLIENT: &str = "CLIENT";

/// Subcommands of `CLIENT` that change the session.
const CHANGES_CLIENT: [&str; 2] = ["REPLY", "TRACKING"];

/// A call of a command.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    /// The command's name in Redis.
    pub(crate) command: String,
    /// The place of its name in the text.
    pub(crate) range: Range<usize>,
}

/// Returns `true` if [`first`] may find a call in the text. It is much faster, but it also counts
/// comments and strings.
pub(crate) fn may_be_in(text: &str) -> bool {
    let mut parts = text.split('.');
    parts.next();
    parts.any(|part| {
        matches!(
            part.as_bytes(),
            [b'b', b'l' | b'r' | b'z', ..] | [b'x', b'r', ..]
        )
    }) || has_literal(text)
}

fn has_literal(text: &str) -> bool {
    let mut before = "";
    for part in text.split('"') {
        if before.trim_end().ends_with("cmd(") && Kind::of(part).is_some() {
            return true;
        }
        before = part;
    }
    false
}

/// How a connection is used by several calls.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Use {
    /// By all at the same time, so that it refuses what waits and what changes the session.
    Shared,
    /// By one after the other, so that it refuses only what waits.
    InTurns,
}

/// Returns the first call in a body that the connection refuses. `connection` is the connection's
/// name in the body.
pub(crate) fn first(body: &str, connection: Option<&str>, usage: Use) -> Option<Call> {
    if !may_be_in(body) {
        return None;
    }
    let mut scan = Scan::default();
    // Without its name, any word may stand for the connection. A pipeline may have any name too.
    let has_other_names = connection.is_none() || body.contains("pipe(");
    let mut lexer = Lexer::new(body);
    let mut recent = [None; 3];
    let mut end = 0;
    while let Some(token) = lexer.next() {
        let literal = literal(&body[..lexer.position()], token);
        match (recent, token) {
            (
                [receiver, Some(Token::Mark(b'.')), Some(Token::Word(name))],
                Token::Mark(b'(' | b':'),
            ) => {
                let receiver = match receiver {
                    Some(Token::Word(word)) if Some(word) == connection => Receiver::Connection,
                    Some(Token::Word(_)) if !has_other_names => Receiver::Other,
                    _ => Receiver::Unknown,
                };
                scan.method(name, end - name.len()..end, receiver);
            }
            ([before, Some(Token::Word("cmd")), Some(Token::Mark(b'('))], Token::Other) => {
                if let Some(name) = literal {
                    let is_queued = before == Some(Token::Mark(b'.'));
                    let end = lexer.position();
                    scan.command(name, end - name.len() - 2..end, is_queued);
                }
            }
            (_, Token::Mark(b';')) => scan.client = None,
            _ => {
                if let Some(text) = literal {
                    scan.argument(text);
                }
            }
        }
        recent = [recent[1], recent[2], Some(token)];
        end = lexer.position();
    }
    scan.first(usage)
}

/// What a method is called on.
#[derive(Clone, Copy, PartialEq)]
enum Receiver {
    Connection,
    /// Perhaps a pipeline, or another name of the connection.
    Unknown,
    /// Something else.
    Other,
}

/// Returns the contents of the string literal at the end of a text.
fn literal<'a>(text: &'a str, token: Token<'_>) -> Option<&'a str> {
    if token != Token::Other {
        return None;
    }
    text.strip_suffix('"')?.rsplit('"').next()
}

/// The calls found in a body.
#[derive(Default)]
struct Scan {
    calls: Vec<(Call, Kind)>,
    /// A `CLIENT` call whose subcommand has not been read yet.
    client: Option<Range<usize>>,
    blocks: bool,
    is_atomic: bool,
    ends_transaction: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Waits,
    /// A command that waits, on the connection itself and not in a pipeline.
    WaitsHere,
    ReadsStreams,
    ChangesSession,
    Begins,
    /// The start of a transaction, in a pipeline.
    BeginsQueued,
    Client,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let is_in = |names: &[&str]| names.iter().any(|one| name.eq_ignore_ascii_case(one));
        if is_in(&WAITING) {
            Some(Self::Waits)
        } else if is_in(&STREAMS) {
            Some(Self::ReadsStreams)
        } else if is_in(&SESSION) {
            Some(Self::ChangesSession)
        } else if is_in(&BEGINS) {
            Some(Self::Begins)
        } else if is_in(&[CLIENT]) {
            Some(Self::Client)
        } else {
            None
        }
    }
}

impl Scan {
    fn method(&mut self, name: &str, range: Range<usize>, receiver: Receiver) {
        match name {
            "block" => self.blocks = true,
            "atomic" => self.is_atomic = true,
            _ if receiver == Receiver::Other => {}
            "xread_options" => self.add(STREAMS[0], range, Kind::ReadsStreams),
            _ => {
                let is_lower = |command: &&&str| name.eq_ignore_ascii_case(command);
                if name.bytes().all(|byte| byte.is_ascii_lowercase())
                    && let Some(command) = WAITING.iter().find(is_lower)
                {
                    let kind = match receiver {
                        Receiver::Connection => Kind::WaitsHere,
                        _ => Kind::Waits,
                    };
                    self.add(command, range, kind);
                }
            }
        }
    }

    /// Records the argument of `cmd(`. `is_queued` means that it belongs to a pipeline.
    fn command(&mut self, name: &str, range: Range<usize>, is_queued: bool) {
        self.client = None;
        self.ends_transaction |= ENDS.iter().any(|end| name.eq_ignore_ascii_case(end));
        match Kind::of(name) {
            Some(Kind::Client) => self.client = Some(range),
            Some(Kind::Begins) if is_queued => self.add(name, range, Kind::BeginsQueued),
            Some(kind) => self.add(name, range, kind),
            None => {}
        }
    }

    /// Records another literal.
    fn argument(&mut self, text: &str) {
        self.blocks |= text.eq_ignore_ascii_case("BLOCK");
        if let Some(range) = self.client.take()
            && CHANGES_CLIENT
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word))
        {
            self.add(&format!("{CLIENT} {text}"), range, Kind::ChangesSession);
        }
    }

    fn add(&mut self, command: &str, range: Range<usize>, kind: Kind) {
        let mut command = command.to_ascii_uppercase();
        if kind == Kind::ReadsStreams {
            command.push_str(" with BLOCK");
        }
        self.calls.push((Call { command, range }, kind));
    }

    fn first(self, usage: Use) -> Option<Call> {
        let is_refused = |kind| match kind {
            // A command does not wait in a transaction.
            Kind::Waits => !self.is_atomic,
            Kind::ReadsStreams => self.blocks && !self.is_atomic,
            Kind::WaitsHere => true,
            _ if usage == Use::InTurns => false,
            Kind::BeginsQueued => !self.ends_transaction,
            Kind::ChangesSession | Kind::Begins => true,
            Kind::Client => false,
        };
        let mut calls = self.calls.into_iter();
        calls
            .find(|(_, kind)| is_refused(*kind))
            .map(|(call, _)| call)
    }
}

#[cfg(test)]
mod tests;
