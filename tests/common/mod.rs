//! What the tests of the application's functions share.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use redis_components::Connection;
use redis_components_testing::Server;

/// A connection for calling the functions as they are written, without a component.
pub(crate) async fn connect(server: &Server) -> Connection {
    server
        .client()
        .get_multiplexed_async_connection()
        .await
        .unwrap()
        .into()
}
