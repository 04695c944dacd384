//! A handle to the client that calls share.

use redis::{Cmd, RedisResult, Value};

use super::line::Shared;
use super::resend::{All, Sender};

/// A handle to a client, and the number of the connection that the first command picked.
#[derive(Clone)]
pub(super) struct Handle {
    pub(super) client: Shared,
    pub(super) picked: Option<u32>,
}

impl Handle {
    pub(super) fn new(client: Shared) -> Self {
        Self {
            client,
            picked: None,
        }
    }
}

/// What is sent again may end where it is sent, whatever the component does.
impl Sender for Handle {
    fn client(&self) -> &Shared {
        &self.client
    }

    async fn at(&self, client: Shared) -> Option<Self> {
        Some(Self::new(client))
    }

    async fn send_one(&mut self, command: &Cmd) -> RedisResult<Value> {
        let Self { client, picked } = self;
        client.client.send(picked, command, &|| true).await
    }

    async fn send_all(&mut self, all: &All<'_>) -> RedisResult<Vec<Value>> {
        let Self { client, picked } = self;
        let All {
            pipeline,
            offset,
            count,
        } = *all;
        let stays = || true;
        let sending = client
            .client
            .send_all(picked, pipeline, offset, count, &stays);
        sending.await
    }
}
