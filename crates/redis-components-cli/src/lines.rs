//! Lines on their way to the standard streams while a command runs.
//!
//! A thread of their own writes them: who reads slowly, or not at all, must not hold up a command
//! that has taken the writes of a server away for a moment.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use crate::text::harmless;

/// Lines in the order in which they are written. `None` where no thread could be started.
static LINES: LazyLock<Option<Sender<Line>>> = LazyLock::new(|| {
    let (sender, lines) = channel::<Line>();
    let writer = thread::Builder::new().name("lines".to_owned());
    let started = writer.spawn(move || lines.into_iter().for_each(Line::write));
    started.is_ok().then_some(sender)
});

#[derive(Debug)]
enum Line {
    ForPeople(String),
    ForPrograms(String),
    /// Everything before it has been written.
    Mark(Sender<()>),
}

impl Line {
    /// There is nobody to tell if it fails: the exit code says how the command ends.
    fn write(self) {
        let _ = match self {
            Self::ForPeople(text) => writeln!(anstream::stderr().lock(), "{}", harmless(&text)),
            Self::ForPrograms(text) => write_whole(&text),
            Self::Mark(written) => written.send(()).map_err(io::Error::other),
        };
    }

    fn queue(self) {
        match &*LINES {
            // The thread ends with the process.
            Some(lines) => drop(lines.send(self)),
            None => self.write(),
        }
    }
}

const WARNING: &str = "\u{1b}[1;33mwarning:\u{1b}[0m";

/// Writes a warning for people.
pub(crate) fn warn(text: &str) {
    say(&format!("{WARNING} {text}"));
}

/// Writes a warning for people, unless this command has written it already.
pub(crate) fn warn_once(text: &str) {
    warn_once_about(text, text);
}

/// Writes a warning for people, unless this command has written one about the same thing already. Numbers
/// in it may have changed.
pub(crate) fn warn_once_about(thing: &str, text: &str) {
    static WRITTEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if written.insert(thing.to_owned()) {
        warn(text);
    }
}

/// Writes a line for people to standard error, at its turn.
pub(crate) fn say(text: &str) {
    if !text.is_empty() {
        Line::ForPeople(text.to_owned()).queue();
    }
}

/// Writes an event for programs to standard output, at its turn.
pub(crate) fn tell(event: String) {
    Line::ForPrograms(event).queue();
}

/// Waits until all lines so far have been written, for as long as their reader takes.
pub(crate) fn flush() {
    let (sender, written) = channel();
    Line::Mark(sender).queue();
    // An error means that nobody writes any more.
    let _ = written.recv();
}

/// Writes a text to standard output in one piece.
///
/// # Errors
///
/// Returns an error if nobody reads it.
pub(crate) fn write_whole(text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(format!("{}{end}", harmless(text)).as_bytes())?;
    stdout.flush()
}
