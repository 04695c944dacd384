//! Starts servers side by side.

use std::io;
use std::thread;

use crate::builder::ServerBuilder;
use crate::server::Server;

/// Starts servers at once and waits until all answer. If one fails, none is left.
pub(crate) fn start(builders: Vec<ServerBuilder>) -> io::Result<Vec<Server>> {
    thread::scope(|scope| {
        let starts: Vec<_> = builders
            .into_iter()
            .map(|builder| scope.spawn(move || builder.try_start()))
            .collect();
        let ended = |_| {
            Err(io::Error::other(
                "a thread that started a server has panicked",
            ))
        };
        let starts = starts.into_iter();
        starts
            .map(|start| start.join().unwrap_or_else(ended))
            .collect()
    })
}
