//! Config servers by name, in a file of the user.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use etcetera::BaseStrategy as _;
use redis_components::ComponentConfig;
use serde::Deserialize;

use crate::addresses::read;
use crate::failure::{Code, Failure};
use crate::files::read_file;
use crate::text::{nearest, printable};

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
        let mut file: File = toml::from_str(&read_file(&path)?).map_err(|error| {
            let path = printable(&path.to_string_lossy());
            let reason = error.message();
            Failure::new(
                Code::Unreadable,
                format!("{path} cannot be understood: {reason}"),
            )
        })?;
        let Some(name) = name.map(str::to_owned).or(file.default) else {
            return Ok(None);
        };
        match file.profiles.remove(&name) {
            Some(profile) => Ok(Some(profile)),
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
            Self::Command(_) if std::env::var_os("COMPLETE").is_some() => {
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
                let run = Command::new(program)
                    .args(arguments)
                    .stderr(Stdio::inherit())
                    .output();
                let output = run.map_err(|error| failed(error.to_string()))?;
                if !output.status.success() {
                    return Err(failed(output.status.to_string()));
                }
                String::from_utf8(output.stdout).map_err(|_| failed("no UTF-8".to_owned()))?
            }
        };
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
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
