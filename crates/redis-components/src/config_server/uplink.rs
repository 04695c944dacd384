//! The way to the config server: its connection while there is one, and how to get another.

use std::future::Future;
use std::time::Duration;

use redis::RedisError;
use tokio::time::timeout;

use super::link::Link;
use super::pushes::Pushes;
use crate::ComponentConfig;
use crate::client::{Failure, Timeouts};

/// Connects when something is to be asked, and keeps the connection.
#[derive(Debug)]
pub(super) struct Uplink {
    config: ComponentConfig,
    timeouts: Timeouts,
    /// None where changes shall not be pushed.
    pushes: Option<Pushes>,
    link: Option<Link>,
    /// Whether the server, when last connected to, did not grant pushes that were wanted.
    refused: bool,
}

/// The answer to a read of one key.
pub(super) type Answer = Result<Vec<u8>, RedisError>;

impl Uplink {
    pub(super) fn new(config: ComponentConfig, timeouts: Timeouts, pushes: Option<Pushes>) -> Self {
        Self {
            config,
            timeouts,
            pushes,
            link: None,
            refused: false,
        }
    }

    /// Reads the keys. `sending` is called when the read is sent, the latest moment at which it is known that its answer
    /// will be newer; a second time where the connection had ended, perhaps while idle, which says nothing of the server.
    pub(super) async fn read(
        &mut self,
        keys: &[&str],
        mut sending: impl FnMut(),
    ) -> Result<Vec<Answer>, Failure> {
        bounded(self.bound(), async {
            let kept = self.link.is_some();
            let link = self.ensure().await?;
            sending();
            match link.read(keys.iter().copied()).await {
                Err(error) if kept && error.is_connection_dropped() => {
                    self.link = None;
                    let link = self.ensure().await?;
                    sending();
                    Ok(link.read(keys.iter().copied()).await?)
                }
                answers => Ok(answers?),
            }
        })
        .await
    }

    /// Writes values by their keys, once: where no answer comes they may or may not be written.
    pub(super) async fn write<'a>(
        &mut self,
        values: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<Result<(), RedisError>>, Failure> {
        bounded(self.bound(), async {
            // A connection may have ended while it was idle, which must not be found out by what is sent once.
            if let Some(link) = &mut self.link
                && link
                    .ping()
                    .await
                    .is_err_and(|error| error.is_connection_dropped())
            {
                self.link = None;
            }
            Ok(self.ensure().await?.write(values).await?)
        })
        .await
    }

    /// Asks a server that is connected whether it is there.
    pub(super) async fn ping(&mut self) -> Result<(), Failure> {
        let Some(link) = &mut self.link else {
            return Ok(());
        };
        bounded(self.timeouts.response, async { Ok(link.ping().await?) }).await
    }

    /// The count of pushes, where the connection brings them.
    pub(super) fn pushing(&self) -> Option<u64> {
        let pushes = self.pushes.as_ref()?;
        let pushing = self.link.as_ref().is_some_and(Link::is_pushing);
        pushing.then(|| pushes.generation())
    }

    /// Whether the server is connected and does not grant the pushes that are wanted.
    pub(super) fn is_refused(&self) -> bool {
        self.refused && self.link.is_some()
    }

    pub(super) fn close(&mut self) {
        self.link = None;
    }

    /// A server that has answered before is given the time of one answer, also where it takes a new connection.
    fn bound(&self) -> Duration {
        match self.link {
            Some(_) => self.timeouts.response,
            None => self.timeouts.connect,
        }
    }

    async fn ensure(&mut self) -> Result<&mut Link, Failure> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.open().await?,
        };
        Ok(self.link.insert(link))
    }

    async fn open(&mut self) -> Result<Link, Failure> {
        let pushes = self.pushes.as_ref();
        let (link, refusal) = Link::open(&self.config, self.timeouts, pushes).await?;
        let refused_before = std::mem::replace(&mut self.refused, refusal.is_some());
        if let Some(refusal) = refusal
            && !refused_before
        {
            let (server, reason) = (self.config.address(), refusal);
            tracing::warn!(
                server,
                reason,
                "config server does not push; configs are polled"
            );
        }
        Ok(link)
    }
}

async fn bounded<T>(
    bound: Duration,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout(bound, future).await {
        Ok(result) => result,
        Err(_) => Err(Failure::timed_out(bound)),
    }
}
