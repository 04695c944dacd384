//! Makes reports. Subscribers and recorders are other people's code, which may panic, block or call
//! a component.

use std::any::Any;
use std::cell::RefCell;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::spawn_blocking;

use crate::error::text::printable;

/// An event, or its metrics.
type Report = Box<dyn FnOnce() + Send>;

/// The reports of a watch's thread.
pub(crate) type Reports = Receiver<Report>;

/// How many reports wait for a subscriber that blocks. Further reports are dropped.
const WAITING: usize = 1_000;

thread_local! {
    static ELSEWHERE: RefCell<Option<Sender<Report>>> = const { RefCell::new(None) };
}

/// Makes a report here, or elsewhere if this thread hands its reports over.
pub(crate) fn report(report: impl FnOnce() + Send + 'static) {
    // An error says that this thread ends, and has no such place any more.
    let elsewhere = ELSEWHERE.try_with(|elsewhere| elsewhere.borrow().clone());
    match elsewhere.ok().flatten() {
        // An error says that too many are waiting.
        Some(elsewhere) => drop(elsewhere.try_send(Box::new(report))),
        None => report(),
    }
}

/// Hands over the reports of this thread from now on. The thread must not wait for other people's
/// code.
pub(crate) fn hand_over() -> Reports {
    let (sender, reports) = channel(WAITING);
    ELSEWHERE.set(Some(sender));
    reports
}

/// Makes the next reports of this thread here again.
pub(crate) fn take_back() {
    ELSEWHERE.set(None);
}

/// Makes the reports one after the other, on a thread where they may block, until the thread that
/// hands them over takes that back. A report that panics ends nothing.
pub(crate) async fn make_all(mut reports: Reports) {
    while let Some(report) = reports.recv().await {
        if let Err(error) = spawn_blocking(report).await
            && let Ok(panic) = error.try_into_panic()
        {
            let reason = printable(message_of(&*panic));
            // It may panic again. Then the panic hook has reported it twice.
            drop(spawn_blocking(move || panicked(&reason)).await);
        }
    }
}

/// A subscriber or recorder has panicked.
fn panicked(reason: &str) {
    tracing::error!(
        reason,
        "a subscriber of events or a metrics recorder panicked"
    );
}

/// Returns the message of a panic, if it has one.
pub(crate) fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it gives no message")
}
