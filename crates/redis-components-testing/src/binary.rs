//! A check that there is a redis-server to start.

use std::io;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Checks once per process that the binary can be started, and returns an error if it cannot.
///
/// If a binary is missing, `redis-test` panics without saying what to do, so that this check comes
/// first. `redis-test` runs two names: `REDISRS_SERVER_BIN` as the server, and `redis-server` for
/// the version.
pub(crate) fn check() -> io::Result<()> {
    static CHECKED: OnceLock<Result<(), String>> = OnceLock::new();
    CHECKED
        .get_or_init(|| {
            if let Ok(chosen) = std::env::var("REDISRS_SERVER_BIN") {
                runs(&chosen)?;
            }
            runs("redis-server")
        })
        .clone()
        .map_err(|reason| io::Error::new(io::ErrorKind::NotFound, reason))
}

fn runs(binary: &str) -> Result<(), String> {
    let outcome = Command::new(binary)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let reason = match outcome {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    Err(format!(
        "`{binary} --version` cannot be run ({reason}): run the tests by `cargo xtask test` and the demo by \
         `cargo xtask demo`, which find or install a Redis server; then a plain `cargo test` works with \
         `target/redis` in front of `PATH`"
    ))
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn a_missing_binary_is_reported_with_the_command_that_installs_one() {
        let reason = runs("no-such-redis-server").unwrap_err();
        assert!(
            reason.contains("`no-such-redis-server --version`"),
            "{reason}"
        );
        assert!(reason.contains("cargo xtask test"), "{reason}");
    }
}
