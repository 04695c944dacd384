//! The runtime under faults, for as long as asked.
//!
//! ```text
//! cargo xtask soak [--minutes 30] [--seed N] [--json FILE]
//! ```
//!
//! A config server and four data servers stand behind proxies. Beside them are servers with
//! sentinels, which fail over, and a cluster, whose slots move and whose nodes are killed. Their
//! callers are tasks, threads, runtimes and scopes that come and go, callers that give up, and
//! callers that wait for elements or messages. Some learn of changes by push, some by polling. An operator moves components and
//! makes mistakes, and injectors break servers and network. A seed chooses the faults. Every call
//! is checked:
//!
//! - A call fails only if a server that it may have run on had a fault that excuses the error, or
//!   if the component was switched off. A fault of the config server fails no call.
//! - An answered call was executed exactly once, a failed call at most once, and a call without a
//!   connection never.
//! - Every call ends in bounded time, with its own answer.
//! - A pushed element is popped once, and a message that reached a subscriber is heard. One that
//!   follows its component hears it or is told of a gap, whatever is broken.
//! - Once a config had enough time on healthy servers, no call begins on the old server.
//!
//! A stall of the machine, which a thread watches for, counts as a fault of everything.
//!
//! Every minute everything comes to rest. Then the counters of callers and servers are compared,
//! the servers that components left must be empty, and memory, files and threads must not have
//! grown. The first violation ends the soak with exit code 1, and the soak prints the seed and the
//! last events.

mod actors;
mod admin;
mod components;
mod fleet;
mod fleets;
mod freezer;
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
    eprintln!("interrupted: ending faults and stopping the servers");
    Ok(())
}
