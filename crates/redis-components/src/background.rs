//! Work that outlives its caller, done on the watch's thread.

use std::fmt;
use std::future::Future;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Runs futures on the watch's thread until the watch ends. No other thread is certain to run when
/// the work is due.
#[derive(Clone)]
pub(crate) struct Background(UnboundedSender<BoxFuture<'static, ()>>);

/// The futures that have not started yet.
pub(crate) type BackgroundTasks = UnboundedReceiver<BoxFuture<'static, ()>>;

impl Background {
    pub(crate) fn new() -> (Self, BackgroundTasks) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }

    /// Runs `task` on the watch's thread.
    pub(crate) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        // An error says that the watch has ended, and the settings of the task with it.
        let _ = self.0.send(Box::pin(task));
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Background").finish_non_exhaustive()
    }
}

/// Starts each task that arrives on the current runtime.
pub(crate) async fn start_all(mut tasks: BackgroundTasks) {
    while let Some(task) = tasks.recv().await {
        tokio::spawn(task);
    }
}
