//! bb8-redis: a pool, from which each call takes a connection.

use bb8::Pool;
use bb8_redis::RedisConnectionManager;

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs::log_recent;

pub(crate) struct Bb8(Pool<RedisConnectionManager>);

impl Bb8 {
    pub(crate) async fn connect(url: &str) -> Result<Self, Failure> {
        let manager = RedisConnectionManager::new(url)?;
        Ok(Self(Pool::builder().build(manager).await?))
    }
}

impl Asynchronous for Bb8 {
    type Caller = Pool<RedisConnectionManager>;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = caller.get().await?;
        Ok(log_recent(&mut *connection, APP, MESSAGE).await?)
    }
}
