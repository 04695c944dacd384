//! Functions that take a `ConnectionManager`, as code from before this library does.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use super::Acquire;
use super::own::Origin;
use crate::client::Failure;
use crate::{Component, Error};

/// A server that is gone is looked for by the component, with its config: the manager tries once more, and not for long.
const RETRIES: usize = 1;
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// One for all calls of a runtime while the component stays where it is, on a socket of its own beside the shared one.
impl Acquire for ConnectionManager {
    async fn acquire(
        component: &'static Component,
        _function: &'static str,
    ) -> Result<Self, Error> {
        let (shared, origin) = Origin::current(component).await?;
        let open = async || {
            let timeouts = origin.timeouts();
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(RETRIES)
                .set_max_delay(LONGEST_PAUSE)
                .set_connection_timeout(Some(timeouts.connect))
                .set_response_timeout(Some(timeouts.response));
            let opened = async { Self::new_with_config(origin.client()?, config).await };
            opened
                .await
                .map_err(|error| origin.error(&Failure::from(error)))
        };
        let Some(client) = shared.client().map(|numbered| &numbered.client) else {
            return open().await;
        };
        client.check();
        let manager = client.manager.get_or_try_init(open).await;
        manager.inspect_err(|_| client.doubt()).cloned()
    }
}
