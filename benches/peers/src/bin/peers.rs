//! `cargo xtask bench`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match peers::run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
