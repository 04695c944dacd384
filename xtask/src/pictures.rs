//! Drawing the pictures of the documentation, which the tests do.

use std::process::ExitCode;

use crate::workspace;

/// The tests that draw, in the order in which they need each other.
const TESTS: [&[&str]; 2] = [
    &["-p", "redis-components-cli", "--bins", "top::draw"],
    &["-p", "xtask", "--test", "pictures"],
];

/// Draws all pictures.
///
/// # Errors
///
/// Returns an error if cargo cannot be run.
pub(crate) fn draw() -> Result<ExitCode, String> {
    for words in TESTS {
        let mut cargo = workspace::cargo();
        cargo.args(["test", "--quiet"]).args(words);
        cargo.env("UPDATE_EXPECT", "1");
        let status = cargo
            .status()
            .map_err(|error| format!("cargo cannot be run: {error}"))?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
