//! Pages for newcomers, done by the letter: their files are written, their commands run, and what
//! they show is what is seen.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod blocks;
mod output;
mod ports;
mod programs;
mod reader;
mod starter;
mod tutorials;

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
