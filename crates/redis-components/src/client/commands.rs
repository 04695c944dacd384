//! The effect of each command on the connection that carries it. Blocking and shared connections
//! use the same table.

use redis::{Arg, Cmd, Pipeline};

/// The longest name in the table.
const LONGEST_NAME: usize = "PUNSUBSCRIBE".len();

/// The effect of a command on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Nothing,
    Watches,
    Unwatches,
    BeginsTransaction,
    EndsTransaction,
    /// A state that no later command is known to undo, or replies that belong to no command.
    ChangesSession,
    /// Nothing, but all commands after it wait.
    Waits,
}

/// The state of a connection that outlasts a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    watching: bool,
    queueing: bool,
    spoilt: bool,
    /// How many commands were noted.
    noted: u64,
}

impl Session {
    /// Notes a command.
    pub(crate) fn note_command(&mut self, command: &Cmd) {
        let mut words = words(command);
        if let Some(name) = words.next() {
            self.note(name, words.next());
        }
    }

    /// Notes a pipeline or transaction. A transaction ends the watching of keys.
    pub(crate) fn note_pipeline(&mut self, pipeline: &Pipeline) {
        if pipeline.is_transaction() {
            self.note(b"MULTI", None);
        }
        pipeline
            .cmd_iter()
            .for_each(|command| self.note_command(command));
        if pipeline.is_transaction() {
            self.note(b"EXEC", None);
        }
    }

    /// Notes a command with this name and first argument.
    pub(super) fn note(&mut self, name: &[u8], argument: Option<&[u8]>) {
        self.noted += 1;
        match effect(name, argument) {
            Effect::Watches => self.watching = true,
            Effect::Unwatches => self.watching = false,
            Effect::BeginsTransaction => self.queueing = true,
            Effect::EndsTransaction if self.queueing => {
                (self.watching, self.queueing) = (false, false);
            }
            // The server refuses EXEC and DISCARD without MULTI, and goes on watching.
            Effect::Nothing | Effect::Waits | Effect::EndsTransaction => {}
            Effect::ChangesSession => self.spoilt = true,
        }
    }

    /// Returns how many commands were noted.
    pub(crate) fn noted(&self) -> u64 {
        self.noted
    }

    /// Forgets what was noted, because the server has refused it. Nothing is forgotten if another
    /// handle has sent commands since so many were noted.
    pub(crate) fn forget(&mut self, noted: u64) {
        if self.noted == noted {
            *self = Self {
                noted,
                ..Self::default()
            };
        }
    }

    /// Notes that the connection serves no further call.
    pub(super) fn spoil(&mut self) {
        self.spoilt = true;
    }

    /// Returns `true` if the server queues the next command for a transaction, so that it does not
    /// wait.
    pub(crate) fn is_queueing(&self) -> bool {
        self.queueing
    }

    /// Returns `true` if the connection is as it was after logging in.
    pub(crate) fn is_clean(&self) -> bool {
        !(self.watching || self.queueing || self.spoilt)
    }
}

/// Returns the first of these commands that does not fit a connection that calls share, because it
/// waits there or changes the session. The commands are sent together.
///
/// In an `atomic` pipeline no command waits, and redis-rs adds `MULTI` and `EXEC` itself.
pub(crate) fn first_unfit<'a>(
    commands: impl IntoIterator<Item = &'a Cmd>,
    atomic: bool,
) -> Option<&'a Cmd> {
    let mut session = Session::default();
    let mut open = None;
    for command in commands {
        let mut words = words(command);
        // The server answers no empty command, so that every later reply would go to another call.
        let Some(name) = words.next() else {
            return Some(command);
        };
        let unfit = if atomic {
            changes_transaction(name)
        } else {
            may_wait(command)
        };
        if unfit {
            return Some(command);
        }
        session.note(name, words.next());
        if session.is_clean() {
            open = None;
        } else {
            open = open.or(Some(command));
        }
    }
    open
}

/// Returns `true` if the command would end or begin a transaction inside of the transaction that
/// redis-rs makes.
fn changes_transaction(name: &[u8]) -> bool {
    matches!(
        effect(name, None),
        Effect::BeginsTransaction | Effect::EndsTransaction
    )
}

/// Returns `true` if the command is about the session of its connection.
pub(crate) fn concerns_session(command: &Cmd) -> bool {
    let mut words = words(command);
    let name = words.next().unwrap_or_default();
    !matches!(effect(name, words.next()), Effect::Nothing | Effect::Waits)
}

/// Returns `true` if the command may keep its connection waiting.
pub(crate) fn may_wait(command: &Cmd) -> bool {
    let mut words = words(command);
    let name = words.next().unwrap_or_default();
    is_among_waiting(name) && (!is_of_streams(name) || option_of_streams(words, "BLOCK").is_some())
}

/// Returns `true` if a command of this name may wait, with some arguments at least.
pub(super) fn is_among_waiting(name: &[u8]) -> bool {
    effect(name, None) == Effect::Waits
}

/// Returns `true` if the command runs a script or function on the server.
pub(crate) fn is_script(command: &Cmd) -> bool {
    let name = words(command).next().unwrap_or_default();
    let starts = |prefix: &[u8]| {
        let head = name.get(..prefix.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    starts(b"EVAL") || starts(b"FCALL")
}

/// Returns the command's name, in capitals.
pub(crate) fn name(command: &Cmd) -> String {
    let name = words(command).next().unwrap_or_default();
    String::from_utf8_lossy(name).to_ascii_uppercase()
}

pub(super) fn words(command: &Cmd) -> impl Clone + Iterator<Item = &[u8]> {
    command.args_iter().map(|word| match word {
        Arg::Simple(word) => word,
        _ => b"",
    })
}

/// Returns `true` if a command of this name waits only with the option `BLOCK`.
pub(super) fn is_of_streams(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"XREAD") || name.eq_ignore_ascii_case(b"XREADGROUP")
}

/// Returns the place of an option among the arguments of a command that reads streams. The names of
/// a group and its consumer, the values of other options and the keys may have its spelling.
pub(super) fn option_of_streams<'a>(
    arguments: impl Iterator<Item = &'a [u8]>,
    option: &str,
) -> Option<usize> {
    let mut words = arguments.enumerate();
    while let Some((number, word)) = words.next() {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is(option) {
            return Some(number);
        }
        if is("GROUP") {
            words.nth(1);
        } else if is("COUNT") || is("BLOCK") {
            words.next();
        } else if is("STREAMS") {
            return None;
        }
    }
    None
}

fn effect(name: &[u8], argument: Option<&[u8]>) -> Effect {
    let mut upper = [0; LONGEST_NAME];
    // A longer name is not in the table.
    let Some(upper) = upper.get_mut(..name.len()) else {
        return Effect::Nothing;
    };
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    match &*upper {
        b"WATCH" => Effect::Watches,
        b"UNWATCH" => Effect::Unwatches,
        b"MULTI" => Effect::BeginsTransaction,
        b"EXEC" | b"DISCARD" => Effect::EndsTransaction,
        b"SELECT" | b"AUTH" | b"HELLO" | b"RESET" | b"QUIT" | b"SUBSCRIBE" | b"PSUBSCRIBE"
        | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE" | b"SUNSUBSCRIBE" | b"MONITOR"
        | b"SYNC" | b"PSYNC" | b"READONLY" | b"READWRITE" | b"ASKING" => Effect::ChangesSession,
        b"CLIENT" if argument.is_some_and(changes_client) => Effect::ChangesSession,
        b"SCRIPT" if argument.is_some_and(|word| word.eq_ignore_ascii_case(b"DEBUG")) => {
            Effect::ChangesSession
        }
        b"BLPOP" | b"BRPOP" | b"BRPOPLPUSH" | b"BLMOVE" | b"BLMPOP" | b"BZPOPMIN" | b"BZPOPMAX"
        | b"BZMPOP" | b"XREAD" | b"XREADGROUP" => Effect::Waits,
        _ => Effect::Nothing,
    }
}

fn changes_client(subcommand: &[u8]) -> bool {
    const CHANGING: [&str; 6] = [
        "REPLY", "TRACKING", "CACHING", "SETNAME", "NO-EVICT", "NO-TOUCH",
    ];
    CHANGING
        .iter()
        .any(|changing| subcommand.eq_ignore_ascii_case(changing.as_bytes()))
}

#[cfg(test)]
mod tests {
    use redis::{Cmd, Pipeline};

    use super::{Session, first_unfit, name};

    fn commands(lines: &[&str]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for line in lines {
            let mut command = Cmd::new();
            for word in line.split(' ') {
                command.arg(word);
            }
            pipeline.add_command(command);
        }
        pipeline
    }

    fn unfit(lines: &[&str], atomic: bool) -> Option<String> {
        let pipeline = commands(lines);
        first_unfit(pipeline.cmd_iter(), atomic).map(name)
    }

    #[test]
    fn r9_a_refused_command_forgets_no_watch_of_another_handle() {
        let mut session = Session::default();
        session.note_pipeline(&commands(&["WATCH a"]));
        let noted = session.noted();
        session.note_pipeline(&commands(&["WATCH b"]));
        session.forget(noted);
        assert!(!session.is_clean());
        let mut session = Session::default();
        session.note_pipeline(&commands(&["WATCH a"]));
        session.forget(session.noted());
        assert!(session.is_clean());
    }

    #[test]
    fn r9_what_changes_the_session_or_waits_does_not_fit_a_shared_connection() {
        for line in [
            "SELECT 3",
            "auth low p",
            "HELLO 3",
            "RESET",
            "QUIT",
            "MULTI",
            "WATCH a",
            "SUBSCRIBE a",
            "psubscribe a*",
            "UNSUBSCRIBE a b",
            "MONITOR",
            "CLIENT REPLY OFF",
            "SCRIPT DEBUG YES",
            "client tracking on",
            "BLPOP q 5",
            "BLMOVE a b LEFT RIGHT 0",
            "XREAD COUNT 1 block 100 STREAMS s $",
            "XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
            "XREADGROUP BLOCK 0 GROUP g c STREAMS s >",
            "XREADGROUP COUNT 1 GROUP block c BLOCK 0 STREAMS s >",
        ] {
            let name = line.split(' ').next().map(str::to_ascii_uppercase);
            assert_eq!(unfit(&[line], false), name, "{line}");
        }
    }

    #[test]
    fn r9_what_leaves_nothing_behind_fits() {
        for lines in [
            &["GET select"][..],
            &["UNWATCH"],
            &["CLIENT ID"],
            &["XREAD COUNT 1 STREAMS s 0"],
            &["XREAD STREAMS block 0"],
            &["XREADGROUP GROUP g block STREAMS s >"],
            &["XREADGROUP COUNT 1 GROUP block g STREAMS block >"],
            &["WATCH a", "GET a", "MULTI", "SET a 1", "EXEC"],
            &["MULTI", "DISCARD"],
            &["WAIT 1 100"],
        ] {
            assert_eq!(unfit(lines, false), None, "{lines:?}");
        }
        // Nothing waits inside of a transaction.
        assert_eq!(unfit(&["BLPOP q 5", "SET a 1"], true), None);
    }

    #[test]
    fn r9_the_command_that_leaves_something_behind_is_named() {
        let lines = ["MULTI", "EXEC", "WATCH a", "GET a"];
        assert_eq!(unfit(&lines, false).as_deref(), Some("WATCH"));
        assert_eq!(unfit(&["SELECT 1"], true).as_deref(), Some("SELECT"));
        // Without MULTI, the server keeps watching.
        for end in ["EXEC", "DISCARD"] {
            assert_eq!(unfit(&["WATCH a", end], false).as_deref(), Some("WATCH"));
            assert_eq!(unfit(&["GET a", end], true).as_deref(), Some(end));
        }
    }

    #[test]
    fn r9_a_command_without_words_is_not_sent() {
        let mut pipeline = commands(&["GET a"]);
        pipeline.add_command(Cmd::new());
        for atomic in [false, true] {
            let unfit = first_unfit(pipeline.cmd_iter(), atomic);
            assert_eq!(unfit.map(name).as_deref(), Some(""));
        }
    }
}
