//! The future that moves a connection's bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::socket::Socket;

/// Drives a connection until it ends.
pub(super) struct Driver {
    driver: BoxFuture<'static, ()>,
    socket: Arc<Socket>,
}

impl Driver {
    pub(super) fn new(driver: BoxFuture<'static, ()>, socket: Arc<Socket>) -> Self {
        Self { driver, socket }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.driver
            .as_mut()
            .poll(context)
            .map(|()| self.socket.health.lose())
    }
}

/// Closes the connection when its driver ends, also if that is because its runtime is dropped.
impl Drop for Driver {
    fn drop(&mut self) {
        self.socket.close();
    }
}
