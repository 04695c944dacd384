//! The connection to the config server.

use redis::RedisError;
use redis::aio::MultiplexedConnection;

use crate::ComponentConfig;
use crate::client::{Failure, Timeouts, open};

/// How many bytes of a value are read; one more is asked for, to see that a longer one is too long.
pub(super) const READ_LIMIT: usize = 64 * 1024;

/// A connection that lives on the watch's own runtime.
pub(super) struct Link(MultiplexedConnection);

impl Link {
    pub(super) async fn open(
        config: &ComponentConfig,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let (connection, driver, _) = open(config, timeouts).await?;
        tokio::spawn(driver);
        Ok(Self(connection))
    }

    /// Reads the values of all `keys` in one round trip; a key that is not there reads as empty.
    ///
    /// GETRANGE, because a GET of whatever somebody put there would read all of it.
    pub(super) async fn read<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Result<Vec<u8>, RedisError>>, RedisError> {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for key in keys {
            pipeline.getrange(key, 0, isize::try_from(READ_LIMIT).unwrap_or(isize::MAX));
        }
        pipeline.query_async(&mut self.0).await
    }

    pub(super) async fn write(&mut self, key: &str, value: &str) -> Result<(), RedisError> {
        redis::cmd("SET")
            .arg(key)
            .arg(value)
            .query_async(&mut self.0)
            .await
    }
}
