//! A connection for a single call: for commands that wait or change its state, such as `BLPOP` and
//! `WATCH`.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use redis::aio::MultiplexedConnection;

use crate::clock::Wait;
use crate::component::Component;
use crate::connection::dedicated::Following;
use crate::connection::driven::Driven;
use crate::connection::line;
use crate::connection::{Connection, blocking};
use crate::error::Error;

/// The first parameter of an asynchronous function with `connection = "dedicated"`.
#[diagnostic::on_unimplemented(
    message = "an asynchronous function cannot be given a dedicated `{Self}` by redis-components",
    label = "not a connection that can be dedicated",
    note = "take `&mut redis_components::Connection`",
    note = "a `Subscriber` or `PubSub` has a socket of its own without `connection = \"dedicated\"`"
)]
pub trait AcquireDedicated: Sized {
    /// Returns a connection for a single call of `function`. Dropping it closes it.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
    fn acquire(
        component: &'static Component,
        function: &'static str,
    ) -> impl Future<Output = Result<Dedicated<Self>, Error>> + Send;

    /// Returns a connection that stays on its server when the component moves.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is available.
    fn acquire_staying(
        component: &'static Component,
        function: &'static str,
    ) -> impl Future<Output = Result<Dedicated<Self>, Error>> + Send {
        Self::acquire(component, function)
    }
}

/// The first parameter of a synchronous function with `connection = "dedicated"`.
#[diagnostic::on_unimplemented(
    message = "a synchronous function cannot be given a dedicated `{Self}` by redis-components",
    label = "not a connection that can be dedicated",
    note = "take `&mut redis_components::blocking::Connection`"
)]
pub trait AcquireDedicatedBlocking: Sized {
    /// Returns a connection for a single call of `function`. Dropping it closes it.
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

/// A connection that is closed at once when this is dropped, whatever it waits for.
#[derive(Debug)]
pub struct Dedicated<C> {
    connection: C,
    /// `None` if the connection itself holds it.
    _driver: Option<Driven>,
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
        Ok(Dedicated {
            connection: Self::following(opened(component).await?),
            _driver: None,
        })
    }

    async fn acquire_staying(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Dedicated<Self>, Error> {
        Ok(Dedicated {
            connection: Self::following(opened(component).await?.staying()),
            _driver: None,
        })
    }
}

impl AcquireDedicated for MultiplexedConnection {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Dedicated<Self>, Error> {
        let shared = component.client().await?;
        let home = Arc::clone(shared.client.single("redis::aio::MultiplexedConnection")?);
        let (connection, driver) = line::open(shared, home).await?;
        Ok(Dedicated {
            connection,
            _driver: Some(driver),
        })
    }
}

impl AcquireDedicatedBlocking for blocking::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        component.dedicated_blocking_connection(true)
    }

    fn acquire_staying(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        component.dedicated_blocking_connection(false)
    }
}

async fn opened(component: &'static Component) -> Result<Following, Error> {
    let slot = Arc::clone(&*component.slot()?);
    Following::open(slot, Wait::of(component.wait())).await
}
