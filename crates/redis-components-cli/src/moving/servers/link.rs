//! A connection to a data server of a move.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, ProtocolVersion, RedisError};
use redis_components::{ComponentConfig, ErrorKind, open_connection};
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::failure::{Code, Failure};
use crate::moving::servers::addresses::Addresses;
use crate::moving::servers::host::{is_one_of, names_of};
use crate::moving::servers::replication::Replication;
use crate::moving::servers::seen::Seen;
use crate::server_failure::{code, of_redis, said};
use crate::session::settings;

/// A server that works answers before.
const SOON: Duration = Duration::from_millis(100);

const CODES: [Code; 2] = [Code::ServerRefused, Code::ServerUnreachable];

/// Where a server is, and how to log in.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether it speaks TLS at that port.
    pub(crate) is_tls: bool,
    config: ComponentConfig,
}

/// A connection to a data server.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) place: Place,
    connection: MultiplexedConnection,
}

impl Place {
    /// Returns the server that a config names.
    ///
    /// # Errors
    ///
    /// Returns an error if it is no single server over TCP.
    pub(crate) fn of_config(component: &str, text: &str) -> Result<Self, Failure> {
        let config = ComponentConfig::from_json(text).map_err(|error| {
            Failure::new(Code::ConfigInvalid, error.to_string()).of_component(component)
        })?;
        let fields: Map<String, Value> =
            serde_json::from_str(&config.to_json()).unwrap_or_default();
        let has = |name: &str| {
            fields
                .get(name)
                .is_some_and(|value| *value != Value::Bool(false))
        };
        let other = [
            (
                "sentinels",
                "a server behind sentinels, which move it with `move --to` one of their replicas",
            ),
            (
                "cluster",
                "a cluster, whose config stays while its data moves: add a node, and move slots to it with \
                `redis-cli --cluster reshard` or, from Redis 8.4, `CLUSTER MIGRATION IMPORT`; \
                `CLUSTER FAILOVER` at a replica makes that the primary; or give the program that copies the \
                data elsewhere with --copy-with",
            ),
            (
                "unix_socket_path",
                "a unix socket, which no other server can replicate over: name its host and port",
            ),
        ];
        if let Some((_, what)) = other.into_iter().find(|(name, _)| has(name)) {
            let text = format!(
                "the config of `{component}` names {what}; or write another config with `set`"
            );
            return Err(Failure::new(Code::NotPossible, text).of_component(component));
        }
        let host = fields
            .get("host")
            .and_then(Value::as_str)
            .unwrap_or("localhost");
        let port = fields.get("port").and_then(Value::as_u64).unwrap_or(6379);
        Ok(Self {
            host: host.to_owned(),
            port: u16::try_from(port).unwrap_or(6379),
            is_tls: has("ssl"),
            config,
        })
    }

    /// Returns the server's `host:port`.
    pub(crate) fn address(&self) -> String {
        self.config.address()
    }

    /// Returns the config that names the server.
    pub(crate) fn config(&self) -> &ComponentConfig {
        &self.config
    }

    /// Returns `true` if both name the same server, perhaps in other words.
    pub(crate) async fn is_same(&self, other: &Self) -> bool {
        self.port == other.port && is_one_of(&names_of(&self.host).await, &other.host).await
    }

    /// Returns the server at another address, with the same login.
    ///
    /// # Errors
    ///
    /// Returns an error if that is no address.
    pub(crate) fn at(&self, host: &str, port: u16) -> Result<Self, Failure> {
        let mut fields: Map<String, Value> =
            serde_json::from_str(&self.config.to_json()).unwrap_or_default();
        fields.insert("host".to_owned(), host.into());
        fields.insert("port".to_owned(), port.into());
        Self::of_config("", &Value::Object(fields).to_string())
    }

    /// Connects and logs in.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot be used.
    pub(crate) async fn connect(&self) -> Result<Link, Failure> {
        let plain = AsyncConnectionConfig::new();
        let settings = settings();
        let opened = open_connection(&self.config, &settings, ProtocolVersion::RESP2, plain).await;
        let connection = opened.map_err(|error| {
            let code = match error.kind() {
                // It says nothing of the server, which was not asked.
                ErrorKind::ForbiddenByPolicy => Code::ConfigInvalid,
                _ => code(&error, CODES),
            };
            Failure::new(code, said(&error)).at(&self.address())
        })?;
        Ok(Link {
            place: self.clone(),
            connection,
        })
    }
}

impl Link {
    /// Sends a command.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses it or does not answer.
    pub(crate) async fn query<T: FromRedisValue>(&self, words: &[&str]) -> Result<T, Failure> {
        self.try_query(words)
            .await
            .map_err(|error| self.failure(&error))
    }

    pub(crate) async fn try_query<T: FromRedisValue>(
        &self,
        words: &[&str],
    ) -> Result<T, RedisError> {
        let mut command = Cmd::new();
        command.arg(words);
        command.query_async(&mut self.connection.clone()).await
    }

    /// Demands that the server knows a command and allows it. The arguments are none that it accepts, so
    /// that nothing changes.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not, or does not answer.
    pub(crate) async fn demand(&self, words: &[&str]) -> Result<(), Failure> {
        let Err(error) = self.try_query::<redis::Value>(words).await else {
            return Ok(());
        };
        let is_unknown = error.to_string().to_lowercase().contains("unknown");
        if error.code() == Some("ERR") && !is_unknown {
            return Ok(());
        }
        Err(self.failure(&error))
    }

    /// Sends several commands in one round trip.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses one or does not answer.
    pub(crate) async fn send_all<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<T, Failure> {
        let answer = pipeline.query_async(&mut self.connection.clone()).await;
        answer.map_err(|error| self.failure(&error))
    }

    /// Returns an option of the server; nothing if it does not have it, or does not say it.
    pub(crate) async fn option(&self, name: &str) -> Option<String> {
        let values: Result<Vec<String>, _> = self.query(&["CONFIG", "GET", name]).await;
        values.ok()?.into_iter().nth(1)
    }

    /// As [`option`](Self::option), for what must be known.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not say it.
    pub(crate) async fn demand_option(&self, name: &str) -> Result<String, Failure> {
        let values: Vec<String> = self.query(&["CONFIG", "GET", name]).await?;
        values.into_iter().nth(1).ok_or_else(|| {
            let server = self.place.address();
            let text = format!("{server} does not say its `{name}`");
            Failure::new(Code::NotPossible, text).at(&server)
        })
    }

    /// Asks the server to acknowledge now what it has of its primary's writes. There is no answer to
    /// that, so nothing else may be sent over this connection.
    pub(crate) async fn ask_to_acknowledge(&self) {
        let mut asked = redis::cmd("REPLCONF");
        asked.arg("GETACK").arg("*");
        let mut connection = self.connection.clone();
        let sending = connection.send_packed_command(&asked);
        // The first poll sends it.
        let _ = timeout(Duration::from_micros(1), sending).await;
    }

    /// # Errors
    ///
    /// Returns an error if the server does not say it.
    pub(crate) async fn see(&self) -> Result<Seen, Failure> {
        let info: String = self.query(&["INFO", "everything"]).await?;
        Ok(Seen::parse(&info))
    }

    /// # Errors
    ///
    /// Returns an error if the server does not say it.
    pub(crate) async fn replication(&self) -> Result<Replication, Failure> {
        let info: String = self.query(&["INFO", "replication"]).await?;
        Ok(Replication::parse(&info))
    }

    /// As [`replication`](Self::replication), but does not wait for a server that stands still.
    pub(crate) async fn replication_soon(&self) -> Option<Replication> {
        timeout(SOON, self.replication()).await.ok()?.ok()
    }

    /// Returns `true` if the server says soon that it is the primary.
    pub(crate) async fn is_primary_soon(&self) -> bool {
        let seen = self.replication_soon().await;
        seen.is_some_and(|seen| seen.is_primary())
    }

    /// Returns the addresses by which peers may know the server.
    pub(crate) async fn addresses(&self) -> Addresses {
        Addresses::of(&self.place.host, self.place.port, &self.connection).await
    }

    /// Adds the addresses that only the server knows.
    pub(crate) async fn learn(&self, addresses: &mut Addresses) {
        addresses.learn(self.place.is_tls, &self.connection).await;
    }

    pub(crate) fn failure(&self, error: &RedisError) -> Failure {
        of_redis(error, "the server", &self.place.address(), CODES)
    }

    /// Waits for a moment.
    pub(crate) async fn pause(pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}
