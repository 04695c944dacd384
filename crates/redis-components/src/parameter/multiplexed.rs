//! Functions that take a `MultiplexedConnection`.

use redis::aio::MultiplexedConnection;

use super::Acquire;
use crate::component::Component;
use crate::error::Error;

/// The component does not see the answers to its users, and probes the server once in a while.
impl Acquire for MultiplexedConnection {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let shared = component.client().await?;
        let client = shared.client.single("redis::aio::MultiplexedConnection")?;
        Ok(client.lend().await)
    }
}
