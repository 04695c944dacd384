//! The runtime under faults, for as long as asked.
//!
//! ```text
//! cargo xtask soak [--minutes 30] [--seed N] [--json FILE]
//! ```
//!
//! A config server and four data servers, with proxies before them, are called by tasks, threads, callers who give up, who wait for
//! elements or for messages, and by runtimes and scopes that come and go. Some are told of changes, some ask. Meanwhile an operator moves
//! components and makes mistakes, and servers and network are broken in ways that a seed chooses. What must hold is checked
//! with every call:
//!
//! - A call fails only where a server that it may have run on had a fault, or the component was switched off. What happens to the config
//!   server fails none.
//! - A call that was answered was made exactly once, one that failed at most once, one that found no connection never.
//! - Every call ends in bounded time, with its own answer.
//! - An element that was pushed is popped once, and a message that has reached a subscriber is heard.
//! - Once a config had its time, on servers that were well, no call begins where the component was before.
//!
//! Where the machine itself stands still, which a thread watches, that is a fault like others, of everything.
//!
//! Every minute all comes to rest. Then the counters of callers and servers are compared, servers that were left must be
//! empty, and memory, files and threads must not have grown. The first violation ends the soak with exit code 1, the seed,
//! and what happened before.

mod actors;
mod admin;
mod components;
mod fleet;
mod fleets;
pub mod functions;
mod gate;
mod judge;
mod lock;
mod options;
mod places;
mod record;
mod report;
mod run;
mod soak;
mod which;
mod world;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::options::Options;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let options = Options::parse();
    run::run(&options, interrupted())
        .await
        .unwrap_or_else(|error| {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        })
}

async fn interrupted() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    // Stderr, because stdout may be a pipe whose reader the same Ctrl-C has ended.
    eprintln!("interrupted: mending what is broken and stopping the servers");
    Ok(())
}
