//! The Redis server that examples and tests start.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::consent::Consent;
use crate::package_manager::PackageManager;
use crate::{install, link, workspace};

/// The variable that names the server binary, here as in `redis-test`.
const BINARY_VARIABLE: &str = "REDISRS_SERVER_BIN";

/// Names of the server, and of Debian tools that are the same binary. Started as `redis-server`,
/// the tools are the server.
const NAMES: [&str; 4] = [
    "redis-server",
    "valkey-server",
    "redis-check-rdb",
    "valkey-check-rdb",
];

/// A working server binary with the name `redis-server`.
#[derive(Debug)]
pub(crate) struct Server {
    binary: PathBuf,
    version: String,
}

impl Server {
    /// Returns the server that `REDISRS_SERVER_BIN` names. Otherwise finds a server or installs
    /// one.
    ///
    /// # Errors
    ///
    /// Returns what was tried and what to do by hand.
    pub(crate) fn find_or_install(consent: Consent) -> Result<Self, String> {
        let server = match std::env::var_os(BINARY_VARIABLE) {
            Some(chosen) => chosen_by_hand(&chosen)?,
            None => match find() {
                Some(server) => server,
                None => install::until_found(
                    "There is no Redis server on this machine.",
                    PackageManager::server_packages,
                    consent,
                    find,
                )
                .map_err(|tried| advice(&tried))?,
            },
        };
        println!(
            "Redis server: {} ({})",
            server.binary.display(),
            server.version
        );
        Ok(server)
    }

    /// Tells a child process where the server is, by the variable and on `PATH`.
    pub(crate) fn tell(&self, child: &mut Command) -> Result<(), String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = path_with(&self.binary, &path)?;
        child.env(BINARY_VARIABLE, &self.binary).env("PATH", path);
        Ok(())
    }
}

fn chosen_by_hand(chosen: &OsStr) -> Result<Server, String> {
    let name = Path::new(chosen);
    let binary = match name.to_str() {
        Some(bare) if name.components().count() == 1 => workspace::on_path(bare),
        _ => std::path::absolute(name).ok(),
    };
    let server = binary
        .ok_or_else(|| "it is not on PATH".to_owned())
        .and_then(|binary| server(&binary));
    server.map_err(|reason| {
        let chosen = chosen.display();
        format!(
            "{BINARY_VARIABLE} names `{chosen}`, which cannot be used: {reason}; name the binary of a Redis or Valkey \
             server there, or unset the variable to have one found or installed"
        )
    })
}

fn find() -> Option<Server> {
    NAMES
        .into_iter()
        .filter_map(workspace::on_path)
        .find_map(|binary| server(&binary).ok())
}

/// Returns the binary as a server, if its version output says that it is one.
fn server(binary: &Path) -> Result<Server, String> {
    let version = asked_for_version(binary)?;
    if binary.file_name() == Some(OsStr::new(NAMES[0])) {
        return Ok(Server {
            binary: binary.to_owned(),
            version,
        });
    }
    let folder = workspace::target().join("redis");
    let linked = link::named_redis_server(binary, &folder);
    let binary = linked.map_err(|error| {
        format!(
            "`{}` cannot be linked into `{}`: {error}",
            binary.display(),
            folder.display()
        )
    })?;
    Ok(Server { binary, version })
}

fn asked_for_version(binary: &Path) -> Result<String, String> {
    let mut question = Command::new(binary);
    let output = question
        .arg0(NAMES[0])
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    let output =
        output.map_err(|error| format!("`{}` cannot be run: {error}", binary.display()))?;
    version(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| format!("`{} --version` does not name a server", binary.display()))
}

/// Returns `Redis 7.0.15` for `Redis server v=7.0.15 sha=…`.
fn version(output: &str) -> Option<String> {
    let (product, rest) = output.trim_start().split_once(" server v=")?;
    let number = rest.split_whitespace().next()?;
    Some(format!("{product} {number}"))
}

fn path_with(binary: &Path, path: &OsStr) -> Result<OsString, String> {
    let first = binary.parent().map(Path::to_owned);
    std::env::join_paths(first.into_iter().chain(std::env::split_paths(path)))
        .map_err(|error| format!("`{}` cannot be put on PATH: {error}", binary.display()))
}

fn advice(tried: &[String]) -> String {
    format!(
        "there is no Redis server on this machine and none could be installed:\n  {}\ninstall Redis or Valkey by hand \
         so that `redis-server` or `valkey-server` is on PATH, or name the binary in {BINARY_VARIABLE}",
        tried.join("\n  ")
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::{advice, chosen_by_hand, path_with, version};

    #[test]
    fn servers_are_told_by_what_they_say_of_themselves() {
        let redis = version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0");
        assert_eq!(redis.as_deref(), Some("Redis 7.0.15"));
        let valkey = version("Valkey server v=8.1.1 sha=00000000:0\n");
        assert_eq!(valkey.as_deref(), Some("Valkey 8.1.1"));
        assert_eq!(version("Cannot open file: --version"), None);
        assert_eq!(version("cargo 1.88.0"), None);
    }

    #[test]
    fn a_wrong_choice_is_reported_and_nothing_else_is_tried() {
        for wrong in ["no-such-server", "/no/such/redis-server"] {
            let message = chosen_by_hand(OsStr::new(wrong)).unwrap_err();
            assert!(
                message.contains(&format!("REDISRS_SERVER_BIN names `{wrong}`")),
                "{message}"
            );
        }
    }

    #[test]
    fn the_servers_folder_comes_first_on_the_path() {
        let path = path_with(Path::new("/a/redis-server"), OsStr::new("/b:/c"));
        assert_eq!(path.unwrap(), "/a:/b:/c");
    }

    #[test]
    fn all_that_was_tried_is_told() {
        let message = advice(&[
            "`apt-get` needs root or sudo".to_owned(),
            "second".to_owned(),
        ]);
        assert!(
            message.contains("  `apt-get` needs root or sudo\n  second\n"),
            "{message}"
        );
        assert!(message.contains("by hand"), "{message}");
    }
}
