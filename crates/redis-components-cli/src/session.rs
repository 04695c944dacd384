//! A connection to the config server.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    Arg, AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, ProtocolVersion, PushInfo,
    RedisError,
};
use redis_components::{ComponentConfig, Settings, open_connection};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

use crate::clients::OWN_NAME;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::lines::warn;
use crate::names::Names;
use crate::place::Place;
use crate::server_failure::{code, of_redis};
use crate::text::printable;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// The pause before the next attempt to connect again.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection to the config server, and the names of configs there.
#[derive(Debug)]
pub(crate) struct Session {
    connection: RefCell<MultiplexedConnection>,
    /// The config server's `host:port`.
    pub(crate) server: String,
    pub(crate) names: Names,
    /// The key of digests; empty if there is none yet.
    pub(crate) salt: String,
    /// Where this server is.
    place: Place,
    /// Why servers before this one in the list are not used.
    skipped: Option<String>,
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
    /// Returns an error that names all if none answers, and that of the first to answer if it
    /// refuses.
    pub(crate) async fn open(place: Place, stage: Rc<Cell<Stage>>) -> Result<Self, Failure> {
        let plain = AsyncConnectionConfig::new;
        Self::open_by(place, stage, ProtocolVersion::RESP2, plain).await
    }

    /// Connects as [`open`](Self::open) does, and hands on what the server pushes.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) async fn open_with_pushes(
        place: Place,
        stage: Rc<Cell<Stage>>,
        pushes: UnboundedSender<PushInfo>,
    ) -> Result<Self, Failure> {
        let pushing = || AsyncConnectionConfig::new().set_push_sender(pushes.clone());
        Self::open_by(place, stage, ProtocolVersion::RESP3, pushing).await
    }

    /// A server that does not answer is passed over. One that answers is the one that processes use,
    /// so its refusal counts: a config that is written elsewhere would be read by nobody.
    async fn open_by(
        place: Place,
        stage: Rc<Cell<Stage>>,
        protocol: ProtocolVersion,
        settings: impl Fn() -> AsyncConnectionConfig,
    ) -> Result<Self, Failure> {
        let mut unreachable: Vec<Failure> = Vec::new();
        for config in place.servers.clone() {
            let connection = match connect(&config, settings(), protocol).await {
                Ok(connection) => connection,
                Err(failure) if failure.code == Code::ConfigServerUnreachable => {
                    unreachable.push(failure);
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let mut session = Self {
                connection: RefCell::new(connection),
                server: config.address(),
                names: place.names.clone(),
                place: Place {
                    servers: vec![config],
                    ..place
                },
                salt: String::new(),
                skipped: messages(&unreachable),
                stage,
            };
            session.name_itself().await;
            session.salt = session.read_salt().await?;
            return Ok(session);
        }
        let all = messages(&unreachable);
        let last = unreachable.pop();
        let mut failure =
            last.ok_or_else(|| Failure::usage("the list of config servers is empty"))?;
        failure.message = all.unwrap_or_default();
        Err(failure)
    }

    /// Returns what to say if the session is not on the first server of the list.
    pub(crate) fn skipped(&self) -> Option<String> {
        let skipped = self.skipped.as_ref()?;
        Some(format!(
            "{} is used instead, and processes that reach an earlier one read configs there: {skipped}",
            self.server
        ))
    }

    /// Warns if the session is not on the first server of the list.
    pub(crate) fn warn_of_skipped(&self) {
        if let Some(text) = self.skipped() {
            warn(&text);
        }
    }

    /// Connects again to the same server: another one does not know what became of a change here.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not answer.
    pub(crate) async fn reopened(&self) -> Result<Self, Failure> {
        Self::open(self.place.clone(), Rc::clone(&self.stage)).await
    }

    /// Connects again to the same server if the connection has ended. No key may be watched: the server
    /// has forgotten it then.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not answer within the time to connect.
    pub(crate) async fn revive(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        while let Err(failure) = self.query::<redis::Value>(&redis::cmd("PING")).await {
            if failure.code != Code::ConfigServerUnreachable {
                return Ok(());
            }
            match self.renew().await {
                Ok(()) => {}
                Err(failure) if begun.elapsed() > CONNECT_WITHIN => return Err(failure),
                Err(_) => sleep(PAUSE).await,
            }
        }
        Ok(())
    }

    /// Connects to the same server anew. What was sent and not waited for may have left the connection inside
    /// of a transaction, where nothing is answered.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not answer.
    pub(crate) async fn renew(&self) -> Result<(), Failure> {
        let connection = connect_again(self.config()).await?;
        self.connection.replace(connection);
        self.name_itself().await;
        Ok(())
    }

    /// Returns the config of the config server in use.
    pub(crate) fn config(&self) -> Option<ComponentConfig> {
        self.place.servers.first().cloned()
    }

    async fn name_itself(&self) {
        let mut command = redis::cmd("CLIENT");
        command.arg("SETNAME").arg(OWN_NAME);
        // The name is for people. A server or a user without it is as good.
        let _: Result<redis::Value, _> = command.query_async(&mut self.connection()).await;
    }

    /// Returns the key of digests; nothing if there is none, or it may not be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer.
    pub(crate) async fn read_salt(&self) -> Result<String, Failure> {
        // A value that is not understood has no salt; commands that need more say so.
        let control = match self.control().await {
            Err(failure) if [Code::ConfigInvalid, Code::WrongType].contains(&failure.code) => {
                return Ok(String::new());
            }
            control => control?,
        };
        Ok(control.salt().unwrap_or_default().to_owned())
    }

    /// Returns another handle to the connection.
    pub(crate) fn connection(&self) -> MultiplexedConnection {
        self.connection.borrow().clone()
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
        let answer = command.query_async(&mut self.connection()).await;
        answer.map_err(|error| self.failure_of(&error, command))
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
        let answer = pipeline.query_async(&mut self.connection()).await;
        answer.map_err(|error| self.failure(&error))
    }

    /// As [`failure`](Self::failure), and names the key that a user may not use: the server does not.
    pub(crate) fn failure_of(&self, error: &RedisError, command: &Cmd) -> Failure {
        let mut failure = self.failure(error);
        if failure.code == Code::NoRights && failure.message.contains("keys") {
            let words = command.args_iter().filter_map(|word| match word {
                Arg::Simple(bytes) => Some(printable(&String::from_utf8_lossy(bytes))),
                _ => None,
            });
            let mut words: Vec<_> = words.collect();
            // The others have a key, and then what is none.
            if words.first().is_some_and(|name| name != "WATCH") {
                words.truncate(2);
            }
            let words = words.join(" ");
            failure.message = failure.message.replacen("this", &format!("`{words}`"), 1);
        }
        failure
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

/// Returns what all of them say, if there are any.
fn messages(failures: &[Failure]) -> Option<String> {
    let messages: Vec<_> = failures.iter().map(|failure| &*failure.message).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

/// Connects once more to a config server that was in use.
///
/// # Errors
///
/// Returns an error if it cannot be used.
pub(crate) async fn connect_again(
    config: Option<ComponentConfig>,
) -> Result<MultiplexedConnection, Failure> {
    let config = config.ok_or_else(|| Failure::usage("the list of config servers is empty"))?;
    connect(
        &config,
        AsyncConnectionConfig::new(),
        ProtocolVersion::RESP2,
    )
    .await
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
