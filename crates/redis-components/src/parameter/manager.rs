//! Functions that take a `ConnectionManager`, as code written before this library does.

use redis::aio::ConnectionManager;

use super::Acquire;
use crate::component::Component;
use crate::error::Error;
use crate::transport::redis_rs;

/// One manager serves all calls of a runtime while the component stays on its server, on a socket
/// beside the shared one.
impl Acquire for ConnectionManager {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let shared = component.client().await?;
        let client = shared.client.single("redis::aio::ConnectionManager")?;
        client.watch_unseen().await;
        let open = async || {
            let opening =
                async { redis_rs::manager(client.node(), client.peer()?, shared.timeouts).await };
            opening.await.map_err(|failure| shared.error(&failure))
        };
        let manager = client.manager.get_or_try_init(open).await;
        manager.inspect_err(|_| client.probe_now()).cloned()
    }
}
