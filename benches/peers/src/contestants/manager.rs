//! redis-rs's `ConnectionManager`, which reconnects.

use redis::aio::ConnectionManager;

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs::log_recent;

pub(crate) struct Manager(ConnectionManager);

impl Manager {
    pub(crate) async fn connect(url: &str) -> Result<Self, Failure> {
        let client = redis::Client::open(url)?;
        Ok(Self(ConnectionManager::new(client).await?))
    }
}

impl Asynchronous for Manager {
    type Caller = ConnectionManager;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        Ok(log_recent(caller, APP, MESSAGE).await?)
    }
}
