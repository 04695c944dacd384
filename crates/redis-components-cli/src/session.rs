//! A connection to the config server.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, ProtocolVersion, PushInfo, RedisError,
};
use redis_components::{ComponentConfig, Error, ErrorKind, Settings, open_connection};
use tokio::sync::mpsc::UnboundedSender;

use crate::clients::OWN_NAME;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::names::{Names, is_name, unknown};
use crate::place::Place;
use crate::text::printable;

/// How much of a config is read.
pub(crate) const LONGEST_CONFIG: usize = 64 * 1024;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// A connection to the config server, and the names of configs there.
#[derive(Debug)]
pub(crate) struct Session {
    connection: MultiplexedConnection,
    /// The config server's `host:port`.
    pub(crate) server: String,
    pub(crate) names: Names,
    /// The key of digests; empty if there is none yet.
    pub(crate) salt: String,
    place: Place,
    /// How far a change has come.
    pub(crate) stage: Rc<Cell<Stage>>,
}

/// The settings with which servers are tried.
pub(crate) fn settings() -> Settings {
    Settings::default()
        .connect_timeout(CONNECT_WITHIN)
        .response_timeout(ANSWERS_WITHIN)
}

impl Session {
    /// Connects to the first config server of `place` that answers.
    ///
    /// # Errors
    ///
    /// Returns the error of the last one if none answers.
    pub(crate) async fn open(place: Place, stage: Rc<Cell<Stage>>) -> Result<Self, Failure> {
        let plain = AsyncConnectionConfig::new;
        Self::open_by(place, stage, ProtocolVersion::RESP2, plain).await
    }

    /// Connects as [`open`](Self::open) does, and hands on what the server pushes.
    ///
    /// # Errors
    ///
    /// Returns the error of the last one if none answers.
    pub(crate) async fn open_with_pushes(
        place: Place,
        stage: Rc<Cell<Stage>>,
        pushes: UnboundedSender<PushInfo>,
    ) -> Result<Self, Failure> {
        let pushing = || AsyncConnectionConfig::new().set_push_sender(pushes.clone());
        Self::open_by(place, stage, ProtocolVersion::RESP3, pushing).await
    }

    async fn open_by(
        place: Place,
        stage: Rc<Cell<Stage>>,
        protocol: ProtocolVersion,
        settings: impl Fn() -> AsyncConnectionConfig,
    ) -> Result<Self, Failure> {
        let mut last = None;
        for config in place.servers.clone() {
            match connect(&config, settings(), protocol).await {
                Ok(connection) => {
                    let mut session = Self {
                        connection,
                        server: config.address(),
                        names: place.names.clone(),
                        place,
                        salt: String::new(),
                        stage,
                    };
                    session.name_itself().await;
                    session.salt = session.read_salt().await?;
                    return Ok(session);
                }
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(|| Failure::usage("the list of config servers is empty")))
    }

    /// Connects again.
    ///
    /// # Errors
    ///
    /// Returns an error if no config server answers.
    pub(crate) async fn reopened(&self) -> Result<Self, Failure> {
        Self::open(self.place.clone(), Rc::clone(&self.stage)).await
    }

    async fn name_itself(&self) {
        let mut command = redis::cmd("CLIENT");
        command.arg("SETNAME").arg(OWN_NAME);
        // The name is for people. A server or a user without it is as good.
        let _: Result<redis::Value, _> = command.query_async(&mut self.connection.clone()).await;
    }

    async fn read_salt(&self) -> Result<String, Failure> {
        // A value that is not understood has no salt; commands that need more say so.
        let control = match self.control().await {
            Err(failure) if failure.code == Code::ConfigInvalid => return Ok(String::new()),
            control => control?,
        };
        Ok(control.salt().unwrap_or_default().to_owned())
    }

    /// Returns another handle to the connection.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }

    pub(crate) fn digest(&self, config: &ComponentConfig) -> String {
        config.digest(&self.salt)
    }

    /// Sends a command.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server refuses it or does not answer.
    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        let answer = command.query_async(&mut self.connection.clone()).await;
        answer.map_err(|error| self.failure(&error))
    }

    /// Sends several commands in one round trip.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server refuses one or does not answer.
    pub(crate) async fn pipeline<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<T, Failure> {
        let answer = pipeline.query_async(&mut self.connection.clone()).await;
        answer.map_err(|error| self.failure(&error))
    }

    /// Sends a transaction, and returns `true` if it was executed: nothing that is watched has
    /// changed.
    ///
    /// # Errors
    ///
    /// Returns redis-rs's error, because only the caller knows what a lost answer means.
    pub(crate) async fn transact(&self, transaction: &Pipeline) -> Result<bool, RedisError> {
        let answer: Option<redis::Value> = transaction
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(answer.is_some())
    }

    /// Returns the bytes under a key, or `None` if it is not there.
    ///
    /// # Errors
    ///
    /// Returns an error if they are too many, or the key has another type.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let mut command = redis::cmd("GETRANGE");
        command.arg(key).arg(0).arg(LONGEST_CONFIG);
        let bytes: Vec<u8> = self.query(&command).await.map_err(|failure| {
            if failure.code == Code::WrongType {
                self.wrong_type(key, "a string")
            } else {
                failure
            }
        })?;
        if bytes.len() > LONGEST_CONFIG {
            let key = printable(key);
            let text = format!("the value under `{key}` has more than {LONGEST_CONFIG} bytes");
            return Err(Failure::new(Code::ConfigInvalid, text).at(&self.server));
        }
        if bytes.is_empty() {
            let exists: bool = self.query(redis::cmd("EXISTS").arg(key)).await?;
            if !exists {
                return Ok(None);
            }
            // It may have been written between the two.
            return self.query(&command).await.map(Some);
        }
        Ok(Some(bytes))
    }

    pub(crate) fn wrong_type(&self, key: &str, wanted: &str) -> Failure {
        let key = printable(key);
        let text = format!(
            "the key `{key}` on {} is not {wanted}; look at it with TYPE, and delete or rename it",
            self.server
        );
        Failure::new(Code::WrongType, text).at(&self.server)
    }

    /// Returns the names of the components with a config, and of those that the manifest declares.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not say.
    pub(crate) async fn components(&self) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = self.names.declared().map(str::to_owned).collect();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(&cursor)
                .arg("MATCH")
                .arg(self.names.pattern())
                .arg("COUNT")
                .arg(1000);
            let (next, keys): (String, Vec<Vec<u8>>) = self.query(&scan).await?;
            let keys = keys
                .into_iter()
                .filter_map(|key| String::from_utf8(key).ok());
            names.extend(keys.filter_map(|key| self.names.component(&key).map(str::to_owned)));
            if next == "0" {
                break;
            }
            cursor = next;
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Returns the bytes of the configs of all these components, in their order.
    pub(crate) async fn read_all(
        &self,
        components: &[String],
    ) -> Vec<Result<Option<Vec<u8>>, Failure>> {
        let keys: Vec<_> = components
            .iter()
            .map(|component| self.names.key(component))
            .collect();
        join_all(keys.iter().map(|key| self.read(key))).await
    }

    /// Returns the bytes of a component's config.
    ///
    /// # Errors
    ///
    /// Returns an error with the nearest name if there is none.
    pub(crate) async fn config_of(&self, component: &str) -> Result<Vec<u8>, Failure> {
        if is_name(component) {
            let key = self.names.key(component);
            if let Some(bytes) = self
                .read(&key)
                .await
                .map_err(|failure| failure.of_component(component))?
            {
                return Ok(bytes);
            }
            if self.names.declared().any(|name| name == component) {
                let text = format!(
                    "component `{component}` has no config: `{}` is not on {}; write one with \
                    `set {component}`",
                    printable(&key),
                    self.server
                );
                return Err(Failure::new(Code::ConfigMissing, text).of_component(component));
            }
        }
        let known = self.components().await?;
        Err(unknown(component, known.iter().map(String::as_str)).at(&self.server))
    }

    pub(crate) fn failure(&self, error: &RedisError) -> Failure {
        of_redis(
            error,
            "the config server",
            &self.server,
            [Code::ConfigServerRefused, Code::ConfigServerUnreachable],
        )
    }
}

/// Connects to a config server.
///
/// # Errors
///
/// Returns an error if it cannot be used.
pub(crate) async fn connect(
    config: &ComponentConfig,
    connection: AsyncConnectionConfig,
    protocol: ProtocolVersion,
) -> Result<MultiplexedConnection, Failure> {
    let opened = open_connection(config, &settings(), protocol, connection).await;
    opened.map_err(|error| {
        let codes = [Code::ConfigServerRefused, Code::ConfigServerUnreachable];
        let text = error
            .to_string()
            .replacen("the server", "the config server", 1);
        Failure::new(code(&error, codes), text).at(&config.address())
    })
}

/// Returns the code for an error of the runtime about a server.
pub(crate) fn code(error: &Error, [refused, unreachable]: [Code; 2]) -> Code {
    match error.kind() {
        ErrorKind::ConfigInvalid | ErrorKind::Disabled => Code::ConfigInvalid,
        ErrorKind::ServerRefused => refused,
        _ => unreachable,
    }
}

/// Returns the failure for an answer of a server, without what was sent to it.
pub(crate) fn of_redis(
    error: &RedisError,
    what: &str,
    server: &str,
    [refused, unreachable]: [Code; 2],
) -> Failure {
    let mut inside = error
        .clone()
        .into_server_errors()
        .into_iter()
        .flat_map(|errors| errors.to_vec());
    // EXEC without the right to it says so inside of its own error.
    let no_rights = inside.find(|(_, error)| {
        error.code() == "NOPERM" || error.details().is_some_and(|text| text.contains("NOPERM"))
    });
    let (code, text) = if let Some((_, error)) = no_rights {
        let detail = printable(error.details().unwrap_or_default());
        let text = format!(
            "{what} {server} does not allow this: {detail}; docs/operations.md lists the rights \
            that an operator needs"
        );
        (Code::NoRights, text)
    } else if error.code() == Some("WRONGTYPE") {
        (
            Code::WrongType,
            format!("{what} {server}: a key has another type than expected"),
        )
    } else if error.code().is_some() {
        // A server repeats an unknown command with its arguments, which may be secrets.
        let text = error.to_string();
        let reason = if text.to_lowercase().contains("unknown") {
            "it does not know a command that is needed".to_owned()
        } else {
            printable(&text)
        };
        (refused, format!("{what} {server} refuses: {reason}"))
    } else if error.is_timeout() {
        (
            unreachable,
            format!("{what} {server} did not answer in time"),
        )
    } else {
        (
            unreachable,
            format!("{what} {server}: {}", printable(&error.to_string())),
        )
    };
    Failure::new(code, text).at(server)
}
