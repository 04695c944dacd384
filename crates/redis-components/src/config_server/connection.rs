//! A connection to the config server.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisError};

use super::pushes::Pushes;
use super::read_command::{BOUNDS, read_command};
use super::reading::Answer;
use crate::error::server_words::meaning;
use crate::settings::timeouts::Timeouts;
use crate::transport::asynchronous::{open_bounded, ping_reader};
use crate::transport::error_codes::refuses_resp3;
use crate::transport::failure::{Cause, Failure};
use crate::transport::node::Node;

/// A connection that lives on the watch's own runtime.
#[derive(Debug)]
pub(super) struct Connection {
    connection: MultiplexedConnection,
    pushing: bool,
}

impl Connection {
    /// Connects, and asks the server to push if there are `pushes`. Also returns why the server
    /// does not push.
    pub(super) async fn open(
        node: &Node,
        timeouts: Timeouts,
        pushes: Option<&Pushes>,
    ) -> Result<(Self, Option<String>), Failure> {
        let Some(pushes) = pushes else {
            let silent = Self::open_silent(node, timeouts).await?;
            return Ok((silent, None));
        };
        let open_pushing = || Self::open_pushing(node, timeouts, pushes);
        let opened = match open_pushing().await {
            // A second try, because the server may have restarted just then.
            Err(failure) if was_closed(&failure) => open_pushing().await,
            opened => opened,
        };
        let (refusal, may_be_starting) = match opened {
            Ok(Ok(pushing)) => return Ok((pushing, None)),
            Ok(Err(refusal)) => (meaning(&refusal), false),
            Err(failure) => match &failure.source {
                Some(error) if refuses_resp3(error) => (meaning(error), false),
                // Some proxies close the connection when they get an unknown command.
                _ if was_closed(&failure) => ("it hangs up when it is asked to".to_owned(), true),
                _ => return Err(failure),
            },
        };
        let silent = Self::open_silent(node, timeouts).await?;
        // A proxy in front of a starting server does the same, and the server is up by now.
        if may_be_starting && let Ok(Ok(pushing)) = open_pushing().await {
            return Ok((pushing, None));
        }
        Ok((silent, Some(refusal)))
    }

    /// Connects, and asks the server to push. The inner error says that the server refuses only
    /// that.
    async fn open_pushing(
        node: &Node,
        timeouts: Timeouts,
        pushes: &Pushes,
    ) -> Result<Result<Self, RedisError>, Failure> {
        let settings = AsyncConnectionConfig::new().set_push_sender(pushes.clone());
        let opened = open_bounded(node, ProtocolVersion::RESP3, timeouts, BOUNDS, settings).await?;
        let (mut connection, driver) = opened.into_parts();
        tokio::spawn(driver);
        let tracked = track(&mut connection).await;
        // The server does not track keys that were read over an earlier connection.
        pushes.invalidate_all();
        match tracked {
            Ok(()) => Ok(Ok(Self {
                connection,
                pushing: true,
            })),
            Err(error) if error.is_io_error() => Err(Failure::from(error).on_hello()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn open_silent(node: &Node, timeouts: Timeouts) -> Result<Self, Failure> {
        let settings = AsyncConnectionConfig::new();
        let opened = open_bounded(node, ProtocolVersion::RESP2, timeouts, BOUNDS, settings).await?;
        let (connection, driver) = opened.into_parts();
        tokio::spawn(driver);
        Ok(Self {
            connection,
            pushing: false,
        })
    }

    /// Returns a connection that is taken to be logged in.
    #[cfg(test)]
    pub(super) fn around(connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            pushing: false,
        }
    }

    /// Returns a handle for requests beside those of the watch.
    pub(super) fn line(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    /// Returns `true` if the server pushes changes of the keys that are read over this connection.
    pub(super) fn is_pushing(&self) -> bool {
        self.pushing
    }

    /// Reads the values of all `keys` in one round trip, see [`read_command`].
    pub(super) async fn read<'a>(
        &mut self,
        keys: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Answer>, RedisError> {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for key in keys {
            pipeline.add_command(read_command(key));
        }
        pipeline.query_async(&mut self.connection).await
    }

    /// Writes all values in one round trip. The server may refuse each of them separately.
    pub(super) async fn write<'a>(
        &mut self,
        values: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<Result<(), RedisError>>, RedisError> {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for (key, value) in values {
            pipeline.set(key, value);
        }
        pipeline.query_async(&mut self.connection).await
    }

    /// Asks the server if it is up. When this returns, all its pushes before the answer have been
    /// counted.
    pub(super) async fn ping(&mut self) -> Result<(), Failure> {
        ping_reader(&mut self.connection).await
    }
}

/// Asks for the default mode: only keys that were read are pushed, and only to connections that may
/// read them. BCAST would name every key under a prefix to every connection.
async fn track(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    redis::cmd("CLIENT")
        .arg("TRACKING")
        .arg("ON")
        .query_async(connection)
        .await
}

fn was_closed(failure: &Failure) -> bool {
    matches!(
        failure.cause,
        Cause::ClosedInHandshake | Cause::ClosedOnHello
    )
}
