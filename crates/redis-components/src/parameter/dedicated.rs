//! A connection for one call alone: for commands that wait or change its state, such as `BLPOP` and `WATCH`.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::select;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion};
use tokio::task::JoinHandle;

use super::origin::Origin;
use crate::component::Component;
use crate::connection::{Connection, blocking};
use crate::error::Error;
use crate::settings::timeouts::Timeouts;
use crate::transport::asynchronous;

/// How often the shared client probes the server while a call waits without a timeout.
const PROBED_EVERY: Duration = Duration::from_secs(5);

/// Longer than any program runs: for commands that wait as long as they like.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The first parameter of an asynchronous function with `connection = "dedicated"`.
#[diagnostic::on_unimplemented(
    message = "an asynchronous function cannot be given a dedicated `{Self}` by redis-components",
    label = "not a connection that can be dedicated",
    note = "take `&mut redis_components::Connection`",
    note = "a `PubSub` has a socket of its own without `connection = \"dedicated\"`"
)]
pub trait AcquireDedicated: Sized {
    /// Returns a connection for a call of `function` alone. Dropping it closes it.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
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
    /// Returns a connection for a call of `function` alone. Dropping it closes it.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
    fn acquire(component: &'static Component, function: &'static str) -> Result<Self, Error>;
}

/// A connection that is closed at once when this is dropped, whatever it waits for.
#[derive(Debug)]
pub struct Dedicated<C> {
    connection: C,
    driver: JoinHandle<()>,
}

impl<C> Drop for Dedicated<C> {
    fn drop(&mut self) {
        // While its driver runs, a `BLPOP` that nobody waits for would take one more element.
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

/// Connects without a timeout for responses.
async fn open<C: From<MultiplexedConnection>>(
    component: &'static Component,
) -> Result<Dedicated<C>, Error> {
    let (shared, origin) = Origin::current(component).await?;
    let timeouts = Timeouts {
        response: FOREVER,
        ..origin.timeouts()
    };
    let settings = AsyncConnectionConfig::new();
    let protocol = ProtocolVersion::RESP2;
    let opened = asynchronous::open(origin.config(), protocol, timeouts, settings)
        .await
        .map_err(|failure| {
            shared.client.probe_now();
            origin.error(&failure)
        })?;
    let driver = tokio::spawn(async move {
        // The first to end ends the other: dropping the driver closes the socket.
        select(opened.driver, pin!(until_lost(Connection::new(shared)))).await;
    });
    Ok(Dedicated {
        connection: opened.connection.into(),
        driver,
    })
}

/// Waits until the server answers no PING any more.
pub(super) async fn until_lost(mut shared: Connection) {
    loop {
        tokio::time::sleep(PROBED_EVERY).await;
        let answer = redis::cmd("PING")
            .query_async::<redis::Value>(&mut shared)
            .await;
        // A refusal is an answer.
        if answer.is_err_and(|error| error.is_io_error()) {
            return;
        }
    }
}
