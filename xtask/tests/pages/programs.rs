//! What a reader's machine has on its `PATH`, and the environment of commands.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that pages use, by the names that pages use, and the names that machines may have.
const PROGRAMS: [(&str, &[&str]); 2] = [
    ("redis-server", &["redis-server", "valkey-server"]),
    ("redis-cli", &["redis-cli", "valkey-cli"]),
];

/// What a machine without `curl` takes in its place, for `curl -s -d TEXT URL`.
const CURL: &str = "import sys, urllib.request
with urllib.request.urlopen(sys.argv[-1], sys.argv[-2].encode()) as answer:
    print(answer.read().decode(), end='')
";

/// The value of `PATH` for a page's commands.
#[derive(Debug)]
pub(crate) struct Programs(OsString);

impl Programs {
    /// Finds the programs, and links them into a folder.
    ///
    /// # Panics
    ///
    /// Panics if a program of Redis is missing.
    pub(crate) fn find(folder: &Path) -> Self {
        fs::create_dir(folder).unwrap();
        let path = env::var_os("PATH").unwrap_or_default();
        for (name, names) in PROGRAMS {
            let chosen = env::var_os("REDISRS_SERVER_BIN").filter(|_| name == "redis-server");
            let found = names.iter().find_map(|name| on_path(&path, name));
            let program = chosen.map(PathBuf::from).or(found);
            let program = program.unwrap_or_else(|| {
                panic!(
                    "there is no {} on PATH: install it, as `cargo xtask test` does",
                    names.join(" or ")
                )
            });
            symlink(program, folder.join(name)).unwrap();
        }
        if on_path(&path, "curl").is_none() {
            // `cargo xtask test` has made this Python.
            let python = target().join("python/bin/python");
            let script = format!("#!{}\n{CURL}", python.display());
            let curl = folder.join("curl");
            fs::write(&curl, script).unwrap();
            fs::set_permissions(curl, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let folders = [folder.to_owned()]
            .into_iter()
            .chain(env::split_paths(&path));
        Self(env::join_paths(folders).unwrap())
    }

    /// Gives a command the environment of a reader's terminal.
    pub(crate) fn tell(&self, command: &mut Command) {
        command
            .env("PATH", &self.0)
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never");
        // What cargo sets for this test is not meant for the packages of a page.
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let is_of_test = ["CARGO_PKG_", "CARGO_MANIFEST_", "REDIS_C"]
                .iter()
                .any(|start| name.starts_with(start));
            if is_of_test {
                command.env_remove(name);
            }
        }
    }
}

/// The folder that this test was built into.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

fn on_path(path: &OsString, name: &str) -> Option<PathBuf> {
    let mut files = env::split_paths(path).map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}
