//! Contestants at other kinds of servers than one over TCP: TLS, unix sockets.

use redis::aio::MultiplexedConnection;
use redis::{Client, TlsCertificates};
use serde_json::Value;

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE, World};
use crate::components;
use crate::failure::Failure;
use crate::functions::logs::log_recent;

/// Returns the config of a component, as it is on the config server.
pub(super) fn config(world: &World, component: &str) -> Result<Value, Failure> {
    let client = Client::open(world.urls.config.as_str())?;
    let mut get = redis::cmd("GET");
    get.arg(format!("config:redis:{component}"));
    let text: String = get.query(&mut client.get_connection()?)?;
    Ok(serde_json::from_str(&text)?)
}

/// Returns redis-rs's client of the same server.
fn client(config: &Value) -> Result<Client, Failure> {
    if let Some(path) = config["unix_socket_path"].as_str() {
        return Ok(Client::open(format!("redis+unix://{path}"))?);
    }
    let certificate = match (&config["ssl_ca_data"], &config["ssl_ca_certs"]) {
        (Value::String(pem), _) => pem.clone().into_bytes(),
        (_, file) => std::fs::read(file.as_str().unwrap_or_default())?,
    };
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(certificate),
    };
    let host = config["host"].as_str().unwrap_or("127.0.0.1");
    let url = format!("rediss://{host}:{}", config["port"]);
    Ok(Client::build_with_tls(url, certificates)?)
}

/// One connection of redis-rs, cloned once for each task.
pub(super) struct Bare(MultiplexedConnection);

impl Bare {
    pub(super) fn connect(world: &World, component: &str) -> Result<Self, Failure> {
        let client = client(&config(world, component)?)?;
        let connection = client.get_multiplexed_async_connection();
        Ok(Self(world.runtime.block_on(connection)?))
    }
}

impl Asynchronous for Bare {
    type Caller = MultiplexedConnection;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        Ok(log_recent(caller, APP, MESSAGE).await?)
    }
}

/// Defines a contestant that calls the wrapper of a component.
macro_rules! ours {
    ($name:ident, $component:ident) => {
        pub(super) struct $name;

        impl Asynchronous for $name {
            type Caller = ();

            fn caller(&self, _: usize) -> Self::Caller {}

            async fn log_recent((): &mut ()) -> Result<(), Failure> {
                Ok(components::$component::log_recent(APP, MESSAGE).await?)
            }
        }
    };
}

ours!(OursTls, tls);
ours!(OursUnix, unix);

/// Each call is a connection of redis-rs over TLS, with its handshake.
pub(super) struct BareConnects(Client);

impl BareConnects {
    pub(super) fn new(world: &World) -> Result<Self, Failure> {
        Ok(Self(client(&config(world, "tls")?)?))
    }
}

impl Asynchronous for BareConnects {
    type Caller = Client;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = caller.get_multiplexed_async_connection().await?;
        Ok(redis::cmd("PING").query_async(&mut connection).await?)
    }
}

/// Each call is a connection of ours over TLS, as a client opens it.
pub(super) struct OursConnects(redis_components::ComponentConfig);

impl OursConnects {
    pub(super) fn new(world: &World) -> Result<Self, Failure> {
        let config = config(world, "tls")?.to_string();
        Ok(Self(redis_components::ComponentConfig::from_json(&config)?))
    }
}

impl Asynchronous for OursConnects {
    type Caller = redis_components::ComponentConfig;

    fn caller(&self, _: usize) -> Self::Caller {
        self.0.clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let settings = redis_components::Settings::default();
        let opened = redis_components::open_connection(
            caller,
            &settings,
            redis::ProtocolVersion::RESP2,
            redis::AsyncConnectionConfig::new(),
        );
        opened.await?;
        Ok(())
    }
}
