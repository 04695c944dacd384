//! Waits for a replica, over the accessors of two components (*Redis in Action*, 4.2.3 and 4.2.4).

use std::time::Duration;

use redis::RedisResult;

use crate::functions::replication;
pub use crate::functions::replication::Durability;

/// Waits until everything written to the component `primary` so far has reached the component
/// `replica` and its disk, but at most for `timeout`. Returns how far it has come.
///
/// The accessors give [`replication::wait_for_sync`] its two connections.
///
/// # Errors
///
/// Returns an error if one of the components has no connection, Redis refuses a command, or a
/// connection fails.
pub async fn wait_for_sync(timeout: Duration) -> RedisResult<Durability> {
    let mut primary = crate::primary::connection().await?;
    let mut replica = crate::replica::connection().await?;
    replication::wait_for_sync(&mut primary, &mut replica, timeout).await
}
