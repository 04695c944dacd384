//! Types that a function can have as its first parameter.

use std::future::Future;

use redis::aio::MultiplexedConnection;

use super::own::open_blocking;
use crate::{Component, Connection, Error, blocking};

/// The first parameter of an asynchronous function.
#[diagnostic::on_unimplemented(
    message = "an asynchronous function cannot be given a `{Self}` by redis-components",
    label = "not a connection for asynchronous functions",
    note = "take `&mut redis_components::Connection`, or make the function synchronous to take \
            `&mut redis_components::blocking::Connection`",
    note = "a `ConnectionManager` needs the feature `connection-manager` of redis-components"
)]
pub trait Acquire: Sized {
    /// A fresh connection for a call of `function`.
    ///
    /// # Errors
    ///
    /// Where there is none to be had.
    fn acquire(
        component: &'static Component,
        function: &'static str,
    ) -> impl Future<Output = Result<Self, Error>> + Send;
}

/// The first parameter of a synchronous function.
#[diagnostic::on_unimplemented(
    message = "a synchronous function cannot be given a `{Self}` by redis-components",
    label = "not a connection for synchronous functions",
    note = "take `&mut redis_components::blocking::Connection`, or make the function `async` to take \
            `&mut redis_components::Connection`"
)]
pub trait AcquireBlocking: Sized {
    /// A fresh connection for a call of `function`.
    ///
    /// # Errors
    ///
    /// Where there is none to be had.
    fn acquire(component: &'static Component, function: &'static str) -> Result<Self, Error>;
}

impl Acquire for Connection {
    fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> impl Future<Output = Result<Self, Error>> + Send {
        component.connection()
    }
}

/// What its users are answered is not seen by the component, which asks the server itself once in a while.
impl Acquire for MultiplexedConnection {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        component
            .connection()
            .await
            .map(Connection::into_multiplexed)
    }
}

impl AcquireBlocking for blocking::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        component.blocking_connection()
    }
}

/// One that is opened for the call and closed after it, because nothing tells when it may be used again.
impl AcquireBlocking for redis::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        open_blocking(component, |timeouts| Some(timeouts.response))
    }
}
