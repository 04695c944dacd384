//! A connection that one call has for itself: for commands that wait or change its state, such as `BLPOP` and `WATCH`.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::select;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinHandle;

use super::own::{Origin, open_blocking};
use crate::{Component, Connection, Error, blocking};

/// How often the shared client is asked whether the server is there while a call waits without a time-out.
const CHECKED_EVERY: Duration = Duration::from_secs(5);

/// The first parameter of an asynchronous function with `connection = "dedicated"`.
#[diagnostic::on_unimplemented(
    message = "an asynchronous function cannot be given a dedicated `{Self}` by redis-components",
    label = "not a connection that can be dedicated",
    note = "take `&mut redis_components::Connection`",
    note = "a `PubSub` has a socket of its own without `connection = \"dedicated\"`"
)]
pub trait AcquireDedicated: Sized {
    /// A connection for a call of `function` alone, which is closed with what is returned.
    ///
    /// # Errors
    ///
    /// Where there is none to be had.
    fn acquire(
        component: &'static Component,
        function: &'static str,
    ) -> impl Future<Output = Result<Dedicated<Self>, Error>> + Send;
}

/// The first parameter of a synchronous function with `connection = "dedicated"`.
#[diagnostic::on_unimplemented(
    message = "a synchronous function cannot be given a dedicated `{Self}` by redis-components",
    label = "not a connection that can be dedicated",
    note = "take `&mut redis_components::blocking::Connection`"
)]
pub trait AcquireDedicatedBlocking: Sized {
    /// A connection for a call of `function` alone, which is closed when it is dropped.
    ///
    /// # Errors
    ///
    /// Where there is none to be had.
    fn acquire(component: &'static Component, function: &'static str) -> Result<Self, Error>;
}

/// A connection that is closed at once when this is dropped, whatever it is waiting for.
#[derive(Debug)]
pub struct Dedicated<C> {
    connection: C,
    driver: JoinHandle<()>,
}

impl<C> Drop for Dedicated<C> {
    fn drop(&mut self) {
        // Without the end of its driver, a `BLPOP` that nobody waits for would take one more element.
        self.driver.abort();
    }
}

impl<C> Deref for Dedicated<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C> DerefMut for Dedicated<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection
    }
}

impl AcquireDedicated for Connection {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Dedicated<Self>, Error> {
        open(component).await
    }
}

impl AcquireDedicated for MultiplexedConnection {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Dedicated<Self>, Error> {
        open(component).await
    }
}

impl AcquireDedicatedBlocking for blocking::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        component.dedicated_blocking_connection()
    }
}

impl AcquireDedicatedBlocking for redis::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        open_blocking(component, |_| None)
    }
}

async fn open<C: From<MultiplexedConnection>>(
    component: &'static Component,
) -> Result<Dedicated<C>, Error> {
    let (shared, origin) = Origin::current(component).await?;
    let (connection, driver) = origin.open().await.inspect_err(|_| {
        if let Some(client) = shared.client() {
            client.client.doubt();
        }
    })?;
    let driver = tokio::spawn(async move {
        // The first to end ends the other: dropping the driver closes the socket.
        select(pin!(driver), pin!(until_lost(shared))).await;
    });
    Ok(Dedicated {
        connection: connection.into(),
        driver,
    })
}

/// Waits until the server does not answer a PING any more.
pub(super) async fn until_lost(mut shared: Connection) {
    loop {
        tokio::time::sleep(CHECKED_EVERY).await;
        let answer = redis::cmd("PING")
            .query_async::<redis::Value>(&mut shared)
            .await;
        // A refusal is an answer.
        if answer.is_err_and(|error| error.is_io_error()) {
            return;
        }
    }
}
