//! The connections of this crate.

use std::future::Future;

use super::{Acquire, AcquireBlocking};
use crate::component::Component;
use crate::connection::{Connection, blocking};
use crate::error::Error;

impl Acquire for Connection {
    fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> impl Future<Output = Result<Self, Error>> + Send {
        component.connection()
    }
}

impl AcquireBlocking for blocking::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        component.blocking_connection()
    }
}
