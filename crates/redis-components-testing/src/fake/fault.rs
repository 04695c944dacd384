//! What a fake server does instead of answering.

use std::time::Duration;

/// What a [`FakeServer`](crate::FakeServer) does with a command instead of answering it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Executes the command and closes the connection without an answer.
    ExecuteAndClose,
    /// Executes the command and never answers. The connection stays open, and later commands on it
    /// are neither executed nor counted.
    ExecuteAndStall,
    /// Executes the command and answers so much later.
    Delay(Duration),
    /// Closes the connection and does not execute the command.
    Close,
    /// Does not execute the command, and answers with this error, for example
    /// `TRYAGAIN Multiple keys request during rehashing of slot`.
    Refuse(String),
    /// Does as [`Refuse`](Self::Refuse), unless `ASKING` came just before: that of a slot that is
    /// being imported, with `MOVED 7 127.0.0.1:7000`.
    RefuseUnlessAsked(String),
    /// Does not execute the command, and answers with these bytes, for example `$-1\r\n`.
    Answer(Vec<u8>),
}

/// A fault with the commands that it is for.
#[derive(Debug)]
pub(super) struct Rule {
    /// The first words of the commands.
    words: Vec<String>,
    fault: Fault,
    is_once: bool,
}

impl Rule {
    pub(super) fn new(command: &str, fault: Fault, is_once: bool) -> Self {
        Self {
            words: command.split(' ').map(str::to_owned).collect(),
            fault,
            is_once,
        }
    }

    fn is_for(&self, command: &[String]) -> bool {
        let mut pairs = self.words.iter().zip(command);
        command.len() >= self.words.len()
            && pairs.all(|(word, found)| word.eq_ignore_ascii_case(found))
    }
}

/// Returns the fault of the first rule for a command. A rule that is to be used once is used up.
pub(super) fn take(rules: &mut Vec<Rule>, command: &[String], is_asked: bool) -> Option<Fault> {
    let applies = |rule: &Rule| {
        let spared = is_asked && matches!(rule.fault, Fault::RefuseUnlessAsked(_));
        rule.is_for(command) && !spared
    };
    let at = rules.iter().position(applies)?;
    if rules[at].is_once {
        return Some(rules.remove(at).fault);
    }
    Some(rules[at].fault.clone())
}
