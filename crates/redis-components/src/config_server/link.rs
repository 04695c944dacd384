//! One connection to the config server.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, ProtocolVersion, RedisError};

use super::pushes::Pushes;
use crate::ComponentConfig;
use crate::client::{Failure, HungUp, Timeouts, open};
use crate::error::printable_error;

/// How many bytes of a value are read; one more is asked for, to see that a longer one is too long.
pub(super) const READ_LIMIT: usize = 64 * 1024;

/// A connection that lives on the watch's own runtime.
#[derive(Debug)]
pub(super) struct Link {
    connection: MultiplexedConnection,
    pushing: bool,
}

impl Link {
    /// Connects, and asks the server to push where that is wanted; says why, where it does not.
    pub(super) async fn open(
        config: &ComponentConfig,
        timeouts: Timeouts,
        pushes: Option<&Pushes>,
    ) -> Result<(Self, Option<String>), Failure> {
        // Without CLIENT SETINFO, which a user with the least of permissions may not.
        let login = config.redis_settings().set_skip_set_lib_name();
        let Some(pushes) = pushes else {
            let link = Self::open_silent(config, login, timeouts).await?;
            return Ok((link, None));
        };
        let open_pushing = || Self::open_pushing(config, login.clone(), timeouts, pushes);
        let opened = match open_pushing().await {
            // Once more: it may have been restarted just then.
            Err(failure) if hung_up(&failure) => open_pushing().await,
            opened => opened,
        };
        let (refusal, may_be_starting) = match opened {
            Ok(Ok(link)) => return Ok((link, None)),
            Ok(Err(refusal)) => (printable_error(&refusal), false),
            Err(failure) => match &failure.source {
                Some(error) if is_too_old(error) => (printable_error(error), false),
                // Proxies do, when they meet a command that they do not know.
                _ if hung_up(&failure) => ("it hangs up when it is asked to".to_owned(), true),
                _ => return Err(failure),
            },
        };
        let link = Self::open_silent(config, login.clone(), timeouts).await?;
        // So does what stands before a server that is being started, which is up by now.
        if may_be_starting && let Ok(Ok(link)) = open_pushing().await {
            return Ok((link, None));
        }
        Ok((link, Some(refusal)))
    }

    /// Connects, and asks the server to push; says why, where it refuses that alone.
    async fn open_pushing(
        config: &ComponentConfig,
        login: redis::RedisConnectionInfo,
        timeouts: Timeouts,
        pushes: &Pushes,
    ) -> Result<Result<Self, RedisError>, Failure> {
        let login = login.set_protocol(ProtocolVersion::RESP3);
        let settings = AsyncConnectionConfig::new().set_push_sender(pushes.clone());
        let (mut connection, driver, _) = open(config, &login, timeouts, settings).await?;
        tokio::spawn(driver);
        let tracked = track(&mut connection).await;
        // What was read over an earlier connection is not tracked by this one.
        pushes.bump();
        match tracked {
            Ok(()) => Ok(Ok(Self {
                connection,
                pushing: true,
            })),
            Err(error) if error.is_io_error() => Err(Failure::from(error).in_handshake()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn open_silent(
        config: &ComponentConfig,
        login: redis::RedisConnectionInfo,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let settings = AsyncConnectionConfig::new();
        let (connection, driver, _) = open(config, &login, timeouts, settings).await?;
        tokio::spawn(driver);
        Ok(Self {
            connection,
            pushing: false,
        })
    }

    /// Whether the server pushes changes of what is read over this connection.
    pub(super) fn is_pushing(&self) -> bool {
        self.pushing
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
        pipeline.query_async(&mut self.connection).await
    }

    /// Writes all values in one round trip; each may be refused for itself.
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

    /// Asks the server whether it is there. What it has pushed before its answer has been counted when this returns.
    pub(super) async fn ping(&mut self) -> Result<(), RedisError> {
        match redis::cmd("PING")
            .query_async::<redis::Value>(&mut self.connection)
            .await
        {
            // Any answer shows that it is there.
            Err(error) if error.code().is_some() => Ok(()),
            result => result.map(drop),
        }
    }
}

/// Asks for the default mode: only keys that were read are pushed, and only to those who may read them. BCAST names every
/// key under a prefix to everybody.
async fn track(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    redis::cmd("CLIENT")
        .arg("TRACKING")
        .arg("ON")
        .query_async(connection)
        .await
}

fn hung_up(failure: &Failure) -> bool {
    failure.hung_up == Some(HungUp::InHandshake)
}

/// Whether the server does not know, or does not allow, HELLO 3.
fn is_too_old(error: &RedisError) -> bool {
    error.kind() == ErrorKind::RESP3NotSupported
        || matches!(error.code(), Some("NOPROTO" | "NOPERM"))
        // redis-rs knows this answer in the words of Redis 6 only.
        || error.detail().is_some_and(|detail| detail.starts_with("unknown command"))
}
