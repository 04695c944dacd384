//! What the tests share: a config server, two data servers, and components declared as the
//! generator does it.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

pub(crate) mod clients;
pub(crate) mod cold;
pub(crate) mod disk;
pub(crate) mod impostors;
pub(crate) mod in_flight;
pub(crate) mod kinds;
pub(crate) mod moves;
pub(crate) mod recorder;
pub(crate) mod traffic;

use std::time::{Duration, Instant};

use redis::RedisResult;
use redis::aio::ConnectionLike;
use redis_components::__private::{Declaration, component};
use redis_components::{Component, ConfigSource, Connection, Error, Settings, blocking, status};
use redis_components_testing::Server;
use serde_json::Value;

/// How long a test waits for a condition: ten times what the slowest takes by design. It is less
/// than the thirty seconds after which configs are read again and refused ones are tried again, so
/// that neither hides that something was missed.
pub(crate) const SOON: Duration = Duration::from_secs(25);
/// An hour: what is due after it does not happen in a test.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// A config server and two data servers; the key `name` says on each which it is.
pub(crate) struct World {
    pub(crate) config: Server,
    pub(crate) a: Server,
    pub(crate) b: Server,
}

impl World {
    pub(crate) fn start() -> Self {
        let world = Self {
            config: Server::start(),
            a: Server::start(),
            b: Server::start(),
        };
        world.a.command(&["SET", "name", "a"]);
        world.b.command(&["SET", "name", "b"]);
        world
    }

    /// Settings for tests that are not about timeouts: a busy machine fails no call.
    pub(crate) fn settings(&self) -> Settings {
        patient(self.default_settings())
    }

    /// Settings with the timeouts that an application has if it sets none. A config server that
    /// hangs is noticed soon even if all components wait for an hour.
    pub(crate) fn default_settings(&self) -> Settings {
        Settings::new(self.config.url()).heartbeat(Duration::from_secs(1))
    }

    /// Writes a config as an operator does.
    pub(crate) fn set(&self, component: &Component, value: &str) {
        self.config.command(&["SET", component.key(), value]);
    }

    pub(crate) fn move_to(&self, component: &Component, server: &Server) {
        self.set(component, &server.config());
    }

    /// How often configs were read. The first read of a watch reads the control key too.
    pub(crate) fn reads(&self) -> u64 {
        self.config.command_calls("getrange").saturating_sub(1)
    }

    /// How many more reads there may be because the machine stood still: a read that is given up is
    /// made again, over another connection than the `first` that each watch opens, with a read of the
    /// control key.
    pub(crate) fn reads_again(&self, first: u64) -> u64 {
        3 * self.config.connections_received().saturating_sub(first)
    }
}

/// Settings under which no call fails because the machine is slow.
pub(crate) fn patient(settings: Settings) -> Settings {
    settings.connect_timeout(SOON).response_timeout(SOON)
}

/// A component as generated code declares it.
pub(crate) fn declare(name: &'static str, wait: Duration) -> &'static Component {
    declare_with_connections(name, wait, 1)
}

/// One whose client has several connections on each runtime.
pub(crate) fn declare_with_connections(
    name: &'static str,
    wait: Duration,
    connections: usize,
) -> &'static Component {
    Box::leak(Box::new(component(Declaration {
        name,
        key: Box::leak(format!("config:redis:{name}").into_boxed_str()),
        key_prefix: "config:redis:",
        has_own_key: false,
        wait,
        connections,
        config_server: None,
    })))
}

/// One whose manifest gives the key itself.
pub(crate) fn of_key(name: &'static str, key: &'static str) -> &'static Component {
    Box::leak(Box::new(component(Declaration {
        name,
        key,
        key_prefix: "config:redis:",
        has_own_key: true,
        wait: HOUR,
        connections: 1,
        config_server: None,
    })))
}

/// One that reads its config for every call.
pub(crate) fn always_fresh(name: &'static str) -> &'static Component {
    declare(name, Duration::ZERO)
}

/// The name of the server that a connection leads to.
pub(crate) async fn name_of(connection: &mut impl ConnectionLike) -> RedisResult<String> {
    redis::cmd("GET").arg("name").query_async(connection).await
}

/// The name of the server where a call of the component ends up.
pub(crate) async fn whereabouts(component: &Component) -> Result<String, Error> {
    let mut connection = component.connection().await?;
    Ok(name_of(&mut connection).await.expect("the server answers"))
}

/// The same for a blocking call.
pub(crate) fn whereabouts_blocking(component: &Component) -> Result<String, Error> {
    let mut connection = component.blocking_connection()?;
    Ok(name_of_blocking(&mut connection).expect("the server answers"))
}

pub(crate) fn name_of_blocking(connection: &mut blocking::Connection) -> RedisResult<String> {
    redis::cmd("GET").arg("name").query(connection)
}

/// Increments a counter: the effect that must happen once.
pub(crate) async fn count(component: &Component) -> Result<u64, String> {
    let mut connection: Connection = component.connection().await.map_err(|e| e.to_string())?;
    redis::cmd("INCR")
        .arg("counter")
        .query_async(&mut connection)
        .await
        .map_err(|e| e.to_string())
}

pub(crate) fn counter(server: &Server) -> u64 {
    match server.command(&["GET", "counter"]) {
        redis::Value::Nil => 0,
        value => redis::from_redis_value(value).unwrap(),
    }
}

/// A config with further fields, or with others.
pub(crate) fn with(config: &str, fields: &Value) -> String {
    let mut config: Value = serde_json::from_str(config).unwrap();
    let fields = fields.as_object().unwrap();
    config.as_object_mut().unwrap().extend(fields.clone());
    config.to_string()
}

/// The config of a server on a port of this machine, with more fields, such as `"db": 1`.
pub(crate) fn config_with(port: u16, fields: &str) -> String {
    format!(r#"{{"host":"127.0.0.1","port":{port},{fields}}}"#)
}

/// How the config of the only component is learned.
pub(crate) fn source() -> ConfigSource {
    status().components[0].source
}

/// Waits until calls of the component run on the server with that name.
pub(crate) async fn arrives(component: &Component, name: &str) {
    until("the move is seen", async || {
        whereabouts(component).await.unwrap() == name
    })
    .await;
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until the condition holds, on a thread.
pub(crate) fn until_blocking(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
