//! Trying the server of a config, for tools: before the config is written, and beside the runtime.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisResult, Value};

use crate::config::ComponentConfig;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;
use crate::transport::asynchronous;
use crate::transport::node::Node;

/// A server that took the login of a config and answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedServer {
    /// The server's `host:port`, as the config names it.
    pub address: String,
    /// The server's role in replication.
    pub role: ServerRole,
    /// How long it took to connect, log in and probe.
    pub took: Duration,
}

/// A server's role in replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerRole {
    /// It takes writes.
    Primary,
    /// It follows another server, and usually takes no writes.
    Replica,
    /// The user may not ask, or the server has another answer.
    Unknown,
}

/// Tries a config as the runtime does before the config comes into force: resolves the name,
/// connects, logs in and probes. Asks for the server's role as well.
///
/// The timeouts are those of `settings`, unless the config has its own.
///
/// # Errors
///
/// Returns the error for which the runtime would not use the config, and
/// [`ErrorKind::Disabled`] if the config switches its component off.
pub async fn check(config: &ComponentConfig, settings: &Settings) -> Result<CheckedServer, Error> {
    let began = Instant::now();
    let protocol = ProtocolVersion::RESP2;
    let mut connection =
        open_connection(config, settings, protocol, AsyncConnectionConfig::new()).await?;
    let took = began.elapsed();
    let answer: RedisResult<Value> = redis::cmd("ROLE").query_async(&mut connection).await;
    Ok(CheckedServer {
        address: config.address(),
        role: role(answer.ok().as_ref()),
        took,
    })
}

/// Opens a connection of redis-rs to the server that `config` names, logged in and probed. It
/// belongs to no component and follows no config.
///
/// The timeouts are those of `settings`, unless the config has its own. Pushes, as `connection` may
/// ask for them, need [`ProtocolVersion::RESP3`].
///
/// # Errors
///
/// Returns an error if the server cannot be used, and [`ErrorKind::Disabled`] if the config
/// switches its component off.
///
/// # Panics
///
/// Panics outside of a tokio runtime with its I/O and time drivers.
pub async fn open_connection(
    config: &ComponentConfig,
    settings: &Settings,
    protocol: ProtocolVersion,
    connection: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, Error> {
    if config.is_disabled() {
        let text = "the config says `\"disabled\": true`; it has no server to connect to";
        return Err(Error::new(ErrorKind::Disabled, text));
    }
    let timeouts = settings.timeouts().of(config);
    let opened = async {
        let node = Node::prepare(config, settings.allowed(), timeouts.connect).await?;
        asynchronous::open(&node, protocol, timeouts, connection).await
    };
    let (connection, driver) = opened
        .await
        .map_err(|failure| {
            let server = config.address();
            let reason = &failure.message;
            let text = format!("the server {server} cannot be used: {reason}");
            let error = Error::new(failure.cause.error_kind(), text).at(&server);
            match failure.shown_source() {
                Some(source) => error.with_source(source),
                None => error,
            }
        })?
        .into_parts();
    tokio::spawn(driver);
    Ok(connection)
}

fn role(answer: Option<&Value>) -> ServerRole {
    let Some(Value::Array(parts)) = answer else {
        return ServerRole::Unknown;
    };
    match parts.first() {
        Some(Value::BulkString(name)) if name == b"master" => ServerRole::Primary,
        Some(Value::BulkString(name)) if name == b"slave" => ServerRole::Replica,
        _ => ServerRole::Unknown,
    }
}
