//! What the examples that start servers have in common: they end their servers, however they end.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Runs an example until it ends or is interrupted. Whatever it started is gone then, because the
/// future is dropped.
pub(crate) async fn run(
    example: impl Future<Output = Result<ExitCode, Box<dyn Error>>>,
) -> ExitCode {
    let outcome = tokio::select! {
        biased;
        interrupted = interrupted() => interrupted.map(|()| ExitCode::from(130)).map_err(Into::into),
        outcome = example => outcome,
    };
    outcome.unwrap_or_else(|error| {
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
    // Stderr, because stdout may be a pipe, and the same Ctrl-C may have ended its reader.
    eprintln!("\ninterrupted: stopping the servers");
    Ok(())
}
