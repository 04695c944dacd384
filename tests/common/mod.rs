//! What the tests of the application's functions share.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis_components::Connection;
use redis_components_testing::Server;

const SOON: Duration = Duration::from_secs(10);

/// A connection for calling the functions as they are written, without a component.
pub(crate) async fn connect(server: &Server) -> Connection {
    // What is slow on a busy machine is no fault here.
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(SOON))
        .set_response_timeout(Some(SOON));
    let client = server.client();
    let connection = client.get_multiplexed_async_connection_with_config(&settings);
    connection.await.unwrap().into()
}
