//! The connections of this crate.

use std::future::Future;

use futures_util::future::TryFutureExt;

use super::{Acquire, AcquireBlocking};
use crate::component::Component;
use crate::connection::{Connection, blocking};
use crate::error::Error;

impl Acquire for Connection {
    fn acquire(
        component: &'static Component,
        function: &'static str,
    ) -> impl Future<Output = Result<Self, Error>> + Send {
        let acquiring = component.connection();
        acquiring.map_ok(move |connection| connection.of_function(function))
    }
}

impl AcquireBlocking for blocking::Connection {
    fn acquire(component: &'static Component, function: &'static str) -> Result<Self, Error> {
        let connection = component.blocking_connection()?;
        Ok(connection.of_function(function))
    }
}
