//! The types that a function may take as its first parameter, a file for each type.

pub(crate) mod dedicated;
#[cfg(feature = "connection-manager")]
mod manager;
mod multiplexed;
mod pub_sub;
mod redis_connection;
mod shared;
mod subscriber;

use std::future::Future;

use crate::component::Component;
use crate::error::Error;

/// The first parameter of an asynchronous function.
#[diagnostic::on_unimplemented(
    message = "an asynchronous function cannot be given a `{Self}` by redis-components",
    label = "not a connection for asynchronous functions",
    note = "take `&mut redis_components::Connection`, or make the function synchronous to take \
            `&mut redis_components::blocking::Connection`",
    note = "a `ConnectionManager` needs the feature `connection-manager` of redis-components"
)]
pub trait Acquire: Sized {
    /// Returns a fresh connection for a call of `function`.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
    fn acquire(
        component: &'static Component,
        function: &'static str,
    ) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Returns a connection that stays on its server when the component moves.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
    fn acquire_staying(
        component: &'static Component,
        function: &'static str,
    ) -> impl Future<Output = Result<Self, Error>> + Send {
        Self::acquire(component, function)
    }
}

/// The first parameter of a synchronous function.
#[diagnostic::on_unimplemented(
    message = "a synchronous function cannot be given a `{Self}` by redis-components",
    label = "not a connection for synchronous functions",
    note = "take `&mut redis_components::blocking::Connection`, or make the function `async` to take \
            `&mut redis_components::Connection`"
)]
pub trait AcquireBlocking: Sized {
    /// Returns a fresh connection for a call of `function`.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
    fn acquire(component: &'static Component, function: &'static str) -> Result<Self, Error>;

    /// Returns a connection that stays on its server when the component moves.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
    fn acquire_staying(
        component: &'static Component,
        function: &'static str,
    ) -> Result<Self, Error> {
        Self::acquire(component, function)
    }
}
