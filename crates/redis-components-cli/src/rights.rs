//! Which rights a user lacks on the config server.

use redis::{Arg, Cmd, Value};

use crate::failure::{Code, Failure};
use crate::session::Session;

/// No component has this name, so none of its keys is there.
pub(crate) const NOBODY: &str = "@doctor";

pub(crate) fn command(words: &[&str]) -> Cmd {
    let (name, arguments) = words.split_first().unwrap_or((&"PING", &[]));
    let mut command = redis::cmd(name);
    command.arg(arguments);
    command
}

/// Sends commands, and returns the names of those that the server does not allow, each with its key if
/// that is the reason.
///
/// # Errors
///
/// Returns an error if the config server does not answer.
pub(crate) async fn missing(
    session: &Session,
    commands: &[(&str, Cmd)],
) -> Result<Vec<String>, Failure> {
    let mut missing: Vec<String> = Vec::new();
    for (name, command) in commands {
        match session.query::<Value>(command).await {
            Err(failure) if failure.code == Code::NoRights => {
                let words = name.split('|').count();
                let on_key = match command.args_iter().nth(words) {
                    Some(Arg::Simple(key)) if failure.message.contains("keys") => {
                        format!(" on `{}`", String::from_utf8_lossy(key))
                    }
                    _ => String::new(),
                };
                let right = format!("{name}{on_key}");
                if !missing.contains(&right) {
                    missing.push(right);
                }
            }
            Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
            // The keys may not be there, and an old server may not know every word.
            _ => {}
        }
    }
    Ok(missing)
}
