//! What is left to the watch's thread because nobody else is sure to be running when it is time.

use std::fmt;
use std::future::Future;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Runs futures on the watch's thread, until the watch ends.
#[derive(Clone)]
pub(crate) struct Errands(UnboundedSender<BoxFuture<'static, ()>>);

impl Errands {
    pub(super) fn new() -> (Self, UnboundedReceiver<BoxFuture<'static, ()>>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }

    pub(crate) fn run(&self, errand: impl Future<Output = ()> + Send + 'static) {
        // An error says that the watch has ended, and with it the settings that the errand was for.
        let _ = self.0.send(Box::pin(errand));
    }
}

impl fmt::Debug for Errands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Errands").finish_non_exhaustive()
    }
}

/// Starts, on the current runtime, what is received.
pub(super) async fn start_all(mut errands: UnboundedReceiver<BoxFuture<'static, ()>>) {
    while let Some(errand) = errands.recv().await {
        tokio::spawn(errand);
    }
}
