//! What every command needs: its options, the config server, and a person to ask.

use std::cell::Cell;
use std::io::{BufRead as _, ErrorKind, IsTerminal as _, Read as _};
use std::path::Path;
use std::rc::Rc;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::{Code, Failure};
use crate::files::read_file;
use crate::interrupt::Stage;
use crate::lines::say;
use crate::options::Global;
use crate::place::Place;
use crate::session::Session;
use crate::steps::Steps;
use crate::values::LONGEST_CONFIG;

/// The surroundings of a command.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) stage: Rc<Cell<Stage>>,
    /// The steps of a move.
    pub(crate) steps: Steps,
}

impl Context {
    pub(crate) async fn session(&self) -> Result<Session, Failure> {
        let place = Place::find(&self.global)?;
        let session = Session::open(place, Rc::clone(&self.stage)).await?;
        session.warn_of_skipped();
        Ok(session)
    }

    /// Asks a person, unless `--yes` was given.
    ///
    /// # Errors
    ///
    /// Returns an error if the answer is no, or there is nobody to ask.
    pub(crate) async fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.global.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            let text =
                format!("{question} There is no terminal to ask on; give --yes if you mean it");
            return Err(Failure::new(Code::NoTerminal, text));
        }
        say(&format!("{question} [y/N]"));
        let answer = blocking(|| {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        match answer.await {
            Ok(line) if ["y", "yes"].contains(&line.trim().to_lowercase().as_str()) => Ok(()),
            _ => Err(Failure::new(
                Code::Interrupted,
                "not confirmed; nothing was changed",
            )),
        }
    }
}

/// Returns the secret that an argument stands for: `-` asks, `@FILE` reads.
///
/// # Errors
///
/// Returns an error for the secret itself, which every user of the machine could see.
pub(crate) async fn secret_argument(name: &str, argument: &str) -> Result<String, Failure> {
    match argument.strip_prefix('@') {
        _ if argument == "-" => ask_secret(name, &format!("--{name} @FILE")).await,
        Some(path) => {
            let text = read_text(path.as_ref()).await?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => {
            let text = format!(
                "every user of this machine can see the arguments of a process; write --{name} - or \
                --{name} @FILE"
            );
            Err(Failure::new(Code::SecretInArguments, text))
        }
    }
}

/// Asks for a secret, without showing it. `instead` is how a file is given.
///
/// # Errors
///
/// Returns an error if there is no terminal, or the person gives up.
pub(crate) async fn ask_secret(name: &str, instead: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        if [ErrorKind::Interrupted, ErrorKind::UnexpectedEof].contains(&error.kind()) {
            return Failure::new(Code::Interrupted, "interrupted; nothing was changed");
        }
        let text = format!(
            "there is no terminal to ask for `{name}` on; put it into a file and write {instead}"
        );
        Failure::new(Code::NoTerminal, text)
    };
    let terminal = std::fs::File::open("/dev/tty").map_err(failed)?;
    let settings = tcgetattr(&terminal).map_err(|error| failed(error.into()))?;
    let mut silent = settings.clone();
    // rpassword does the same, but only after it has asked.
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Now, &silent).map_err(|error| failed(error.into()))?;
    // After an interrupt nobody waits for rpassword to put the terminal right.
    let _restored = Restored(settings, terminal);
    let prompt = format!("{name}: ");
    blocking(move || rpassword::prompt_password(prompt))
        .await
        .map_err(failed)
}

/// Gives a terminal its settings back when it is dropped.
struct Restored(Termios, std::fs::File);

impl Drop for Restored {
    fn drop(&mut self) {
        // There is nothing to do about a terminal that is gone.
        let _ = tcsetattr(&self.1, OptionalActions::Now, &self.0);
    }
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
///
/// Returns an error if it cannot be read, or is too long for a config.
pub(crate) async fn read_text(path: &Path) -> Result<String, Failure> {
    let name = path.to_string_lossy();
    if name.trim_start().starts_with('{') || name.contains("://") {
        return Err(Failure::usage(
            "a config may hold a password, and every user of this machine can see arguments; write it as JSON into \
             a file, or give `-` and write it to standard input",
        ));
    }
    if path != Path::new("-") {
        let size = std::fs::metadata(path).map_or(0, |facts| facts.len());
        return if size > LONGEST_CONFIG as u64 {
            Err(too_long())
        } else {
            // Whoever is to write a pipe may never come; a person can end the wait.
            let path = path.to_owned();
            let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
            read.unwrap_or_else(|error| Err(Failure::new(Code::Unreadable, error.to_string())))
        };
    }
    let read = blocking(|| {
        let mut text = String::new();
        let most = LONGEST_CONFIG as u64 + 1;
        std::io::stdin()
            .lock()
            .take(most)
            .read_to_string(&mut text)
            .map(|_| text)
    });
    let text = read.await.map_err(|error| {
        Failure::new(
            Code::Unreadable,
            format!("cannot read standard input: {error}"),
        )
    })?;
    if text.len() > LONGEST_CONFIG {
        Err(too_long())
    } else {
        Ok(text)
    }
}

/// Returns the failure for a config that processes would not read.
pub(crate) fn too_long() -> Failure {
    let text = format!("a config has at most {LONGEST_CONFIG} bytes; this is longer");
    Failure::new(Code::ConfigInvalid, text)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
}
