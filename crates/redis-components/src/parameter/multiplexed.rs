//! Functions that take a `MultiplexedConnection`.

use redis::aio::MultiplexedConnection;

use super::Acquire;
use crate::component::Component;
use crate::error::Error;

/// The calls of a runtime share it, on a socket beside that of the component's other functions. The
/// component does not see the answers to its users, and probes the server once in a while.
impl Acquire for MultiplexedConnection {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let shared = component.client().await?;
        let client = shared.client.single("redis::aio::MultiplexedConnection")?;
        let lent = client.lend().await;
        lent.map_err(|failure| shared.error(&failure))
    }
}
