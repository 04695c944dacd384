//! Ctrl-C, the request to end, and a terminal that is closed.

use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The first bit of the signals that `/proc/self/status` shows.
const HANG_UP: u64 = 1;

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

/// Waits until the process is asked to end.
pub(crate) async fn interrupted() {
    Requests::new().next().await;
}

/// What asks a process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A person or the system does.
    End,
    /// Its terminal is closed.
    HangUp,
}

/// Hears requests to end from when it is made.
pub(crate) struct Requests(Vec<(Signal, Request)>);

impl Requests {
    pub(crate) fn new() -> Self {
        let mut kinds = vec![
            (SignalKind::interrupt(), Request::End),
            (SignalKind::terminate(), Request::End),
        ];
        // Under `nohup` it goes on.
        if !is_ignored() {
            kinds.push((SignalKind::hangup(), Request::HangUp));
        }
        let heard = kinds.into_iter();
        Self(
            heard
                .filter_map(|(kind, request)| Some((signal(kind).ok()?, request)))
                .collect(),
        )
    }

    /// Waits until the process is asked to end.
    pub(crate) async fn next(&mut self) -> Request {
        poll_fn(|context| {
            let mut all = self.0.iter_mut();
            let heard = all
                .find_map(|(one, request)| one.poll_recv(context).is_ready().then_some(*request));
            heard.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Returns `true` if this process was started so that it does not hear of a closed terminal.
fn is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    ignored.is_some_and(|bits| bits & HANG_UP != 0)
}
