//! fred: a client, or a pool whose clients take turns.

use fred::prelude::{Builder, ClientLike, Config, ListInterface, Pool};

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;

pub(crate) struct Fred(Pool);

impl Fred {
    /// A pool of one is a client.
    pub(crate) async fn connect(url: &str, clients: usize) -> Result<Self, Failure> {
        let pool = Builder::from_config(Config::from_url(url)?).build_pool(clients)?;
        pool.init().await?;
        Ok(Self(pool))
    }
}

impl Asynchronous for Fred {
    type Caller = Pool;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let key = format!("recent:{APP}:info");
        let pipeline = caller.next().pipeline();
        // Queued, not sent yet.
        let () = pipeline.lpush(&key, MESSAGE).await?;
        let () = pipeline.ltrim(&key, 0, 99).await?;
        Ok(pipeline.last().await?)
    }
}
