//! deadpool-redis: a pool, from which each call takes a connection.

use deadpool_redis::{Config, Pool, Runtime};

use super::accessor::Accessor;
use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs::log_recent;

pub(crate) struct Deadpool(Pool);

impl Deadpool {
    pub(crate) fn new(url: &str) -> Result<Self, Failure> {
        Ok(Self(
            Config::from_url(url).create_pool(Some(Runtime::Tokio1))?,
        ))
    }
}

impl Asynchronous for Deadpool {
    type Caller = Pool;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = caller.get().await?;
        Ok(log_recent(&mut connection, APP, MESSAGE).await?)
    }
}

impl Accessor for Deadpool {
    type Handle = deadpool_redis::Connection;

    async fn take(&self) -> Result<Self::Handle, Failure> {
        Ok(self.0.get().await?)
    }
}
