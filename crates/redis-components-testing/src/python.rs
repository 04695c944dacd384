//! The Python that runs beside Rust.

use std::io;
use std::path::PathBuf;

/// Returns the Python with redis-py that `cargo xtask python` sets up: `python/bin/python` in the folder that Cargo builds
/// into, which this program is in too.
///
/// # Errors
///
/// Returns an error that names that command if it was not run.
pub fn python() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let mut pythons = program
        .ancestors()
        .map(|folder| folder.join("python/bin/python"));
    pythons.find(|python| python.is_file()).ok_or_else(|| {
        let reason = "there is no Python with redis-py: `cargo xtask python` sets it up";
        io::Error::new(io::ErrorKind::NotFound, reason)
    })
}
