//! rustis: one multiplexed client.

use rustis::client::{BatchPreparedCommand, Client};
use rustis::commands::ListCommands;

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;

pub(crate) struct Rustis(Client);

impl Rustis {
    pub(crate) async fn connect(url: &str) -> Result<Self, Failure> {
        Ok(Self(Client::connect(url).await?))
    }
}

impl Asynchronous for Rustis {
    type Caller = Client;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let key = format!("recent:{APP}:info");
        let mut pipeline = caller.create_pipeline();
        pipeline.lpush(&key, MESSAGE).forget();
        pipeline.ltrim(&key, 0, 99).queue();
        Ok(pipeline.execute::<()>().await?)
    }
}
