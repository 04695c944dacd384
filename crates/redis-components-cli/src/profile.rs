//! Config servers by name, in a file of the user.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use etcetera::BaseStrategy as _;
use redis_components::ComponentConfig;
use serde::Deserialize;

use crate::addresses::read;
use crate::failure::{Code, Failure};
use crate::files::read_file;
use crate::text::{nearest, printable};

/// Some programs write without an end.
const LONGEST_PASSWORD: u64 = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// A config server of the user's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    url: String,
    user: Option<String>,
    password: Option<Reference>,
    key_prefix: Option<String>,
}

/// Where a password is. It is never in the file itself.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reference {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

impl Profile {
    /// Reads the profile with this name, or the default one. Without a name there may be none.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or has no profile with this name.
    pub(crate) fn read(name: Option<&str>) -> Result<Option<Self>, Failure> {
        let path = path().filter(|path| path.is_file());
        let Some(path) = path else {
            return match name {
                Some(name) => Err(unknown(name, &BTreeMap::new())),
                None => Ok(None),
            };
        };
        let text = read_file(&path)?;
        let mut file: File = toml::from_str(&text).map_err(|error| {
            let path = printable(&path.to_string_lossy());
            // These repeat a value, which may be a password.
            let repeats = ["unknown variant", "invalid"].iter();
            let reason = match error.message() {
                message if repeats.into_iter().any(|word| message.starts_with(word)) => {
                    "a value of another kind is expected; a password is { env = \"NAME\" }, { file = \"PATH\" } or \
                     { command = [\"PROGRAM\", …] }"
                }
                message => message,
            };
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            Failure::new(
                Code::Unreadable,
                format!("{path}:{line} cannot be understood: {reason}"),
            )
        })?;
        let Some(name) = name.map(str::to_owned).or(file.default) else {
            return Ok(None);
        };
        match file.profiles.remove(&name) {
            Some(mut profile) => {
                if let (Some(Reference::File(password)), Some(folder)) =
                    (&mut profile.password, path.parent())
                {
                    *password = folder.join(&*password);
                }
                Ok(Some(profile))
            }
            None => Err(unknown(&name, &file.profiles)),
        }
    }

    /// Returns the config servers, logged in as the profile says, and the prefix.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is none, or the password cannot be had.
    pub(crate) fn servers(&self) -> Result<(Vec<ComponentConfig>, Option<String>), Failure> {
        let mut servers = read(&self.url, "`url` of the profile")?;
        if let Some(user) = &self.user {
            servers = servers
                .into_iter()
                .map(|server| server.username(user))
                .collect();
        }
        if let Some(reference) = &self.password {
            let password = reference.resolve()?;
            servers = servers
                .into_iter()
                .map(|server| server.password(&password))
                .collect();
        }
        Ok((servers, self.key_prefix.clone()))
    }
}

/// Whether a shell completes a word, and nobody is to be asked for a password.
pub(crate) static IS_COMPLETING: AtomicBool = AtomicBool::new(false);

impl Reference {
    fn resolve(&self) -> Result<String, Failure> {
        let unreadable = |message| Failure::new(Code::Unreadable, message);
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| {
                let name = printable(name);
                unreadable(format!(
                    "the profile's password is in {name}, which is not set"
                ))
            })?,
            Self::File(path) => read_file(path)?,
            // A shell that completes a word asks for no password.
            Self::Command(_) if IS_COMPLETING.load(Ordering::Relaxed) => {
                return Err(unreadable("not while a shell completes".to_owned()));
            }
            Self::Command(words) => {
                let failed = |reason: String| {
                    unreadable(format!(
                        "the command of the profile's password failed: {reason}"
                    ))
                };
                let (program, arguments) = words
                    .split_first()
                    .ok_or_else(|| failed("it is empty".to_owned()))?;
                let (output, status) =
                    output_of(program, arguments).map_err(|error| failed(error.to_string()))?;
                if !status.success() {
                    return Err(failed(status.to_string()));
                }
                String::from_utf8(output).map_err(|_| failed("no UTF-8".to_owned()))?
            }
        };
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// Runs a program, which must not write without an end.
fn output_of(program: &str, arguments: &[String]) -> io::Result<(Vec<u8>, ExitStatus)> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LONGEST_PASSWORD + 1).read_to_end(&mut output)?;
    }
    if output.len() as u64 > LONGEST_PASSWORD {
        child.kill()?;
        child.wait()?;
        let text = format!("it writes more than {LONGEST_PASSWORD} bytes");
        return Err(io::Error::other(text));
    }
    Ok((output, child.wait()?))
}

fn path() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(
        folders
            .config_dir()
            .join("redis-components")
            .join("config.toml"),
    )
}

fn unknown(name: &str, profiles: &BTreeMap<String, Profile>) -> Failure {
    let place = path().map_or_else(String::new, |path| format!(" in {}", path.display()));
    let hint = nearest(name, profiles.keys().map(String::as_str))
        .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    Failure::usage(format!(
        "there is no profile `{}`{place}{hint}",
        printable(name)
    ))
}
