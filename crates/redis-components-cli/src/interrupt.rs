//! Ctrl-C, and the request to end.

use tokio::signal::unix::{SignalKind, signal};

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
