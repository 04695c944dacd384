//! Ctrl-C, and the request to end.

use tokio::signal::unix::{SignalKind, signal};

/// How far a change has come, which says what an interrupt leaves behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    #[default]
    Unchanged,
    /// Processes prepare for a config, and what asks them to is taken away first.
    Preparing,
    /// A change is on its way, and its outcome is not known.
    Committing,
    Written,
    /// Data is being moved, step by step.
    Moving,
    /// Sentinels were asked to fail over, which they do by themselves.
    FailingOver,
    /// A server refuses writes, for less than a second at a time.
    Cutting,
    /// A server refuses writes while its data is copied.
    Copying,
}

/// Waits until a person or the system asks the process to end.
pub(crate) async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
