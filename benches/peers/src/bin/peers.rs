//! `cargo xtask bench`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match peers::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
