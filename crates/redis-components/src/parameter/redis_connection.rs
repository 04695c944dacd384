//! Functions that take a `redis::Connection`.

use std::time::Duration;

use super::AcquireBlocking;
use super::dedicated::AcquireDedicatedBlocking;
use crate::component::Component;
use crate::error::Error;
use crate::settings::timeouts::Timeouts;
use crate::transport::redis_rs;

/// The connection is opened for the call and closed after it, because nothing shows if its session
/// is clean afterwards.
impl AcquireBlocking for redis::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        open(component, |timeouts| Some(timeouts.response))
    }
}

impl AcquireDedicatedBlocking for redis::Connection {
    fn acquire(component: &'static Component, _function: &'static str) -> Result<Self, Error> {
        open(component, |_| None)
    }
}

/// Opens a connection for one call, with the bound of each read and write that `response` picks.
fn open(
    component: &'static Component,
    response: fn(Timeouts) -> Option<Duration>,
) -> Result<redis::Connection, Error> {
    let shared = component.pool()?;
    let (pool, timeouts) = (shared.client.single("redis::Connection")?, shared.timeouts);
    redis_rs::blocking(pool.node(), pool.peer(), timeouts, response(timeouts)).map_err(|failure| {
        // Perhaps no other user of the pool finds out that the server is gone.
        pool.note_refused(&failure);
        shared.error(&failure)
    })
}
