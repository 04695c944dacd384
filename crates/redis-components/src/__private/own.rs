//! Connections that one call has for itself, built from the config that is in force.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisError, RedisResult,
};

use crate::client::{Cause, Failure, Pool, Timeouts, open};
use crate::clock::Wait;
use crate::slot::{OnThreads, Slot};
use crate::{Component, ComponentConfig, Connection, Error, ErrorKind};

/// Longer than any program runs: for commands that wait for as long as they are told to.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// After so long without a sign of life, a peer is asked for one, and again, so often.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;

/// A component's config in force, and what connections built from it keep to.
pub(super) struct Origin {
    component: &'static Component,
    config: Arc<ComponentConfig>,
    timeouts: Timeouts,
}

impl Origin {
    /// The component's client on this runtime, and the config that it was built from.
    pub(super) async fn current(
        component: &'static Component,
    ) -> Result<(Connection, Self), Error> {
        let slot = component.slot()?;
        loop {
            let shared = component.connection().await?;
            // None where the component has moved on between the two.
            if let Some(origin) = Self::of(component, &slot, shared.generation())? {
                return Ok((shared, origin));
            }
        }
    }

    /// The component's pool, and the config that it was built from.
    fn current_blocking(component: &'static Component) -> Result<(Arc<Pool>, Self), Error> {
        let slot = component.slot()?;
        loop {
            let pool = pollster::block_on(slot.acquire(&OnThreads, Wait::of(component.wait())))?;
            if let Some(origin) = Self::of(component, &slot, pool.generation)? {
                return Ok((Arc::clone(&pool.client), origin));
            }
        }
    }

    /// The config in force, if it is of this generation.
    fn of(
        component: &'static Component,
        slot: &Slot,
        generation: u64,
    ) -> Result<Option<Self>, Error> {
        let published = slot.published().ok_or_else(|| slot.unavailable())?;
        Ok((published.generation == generation).then(|| Self {
            component,
            timeouts: slot.timeouts().of(&published.config),
            config: Arc::clone(&published.config),
        }))
    }

    /// Connects without a time-out for responses; the future drives the connection and closes it when dropped.
    pub(super) async fn open(
        &self,
    ) -> Result<
        (
            MultiplexedConnection,
            impl Future<Output = ()> + Send + use<>,
        ),
        Error,
    > {
        let timeouts = Timeouts {
            response: FOR_EVER,
            ..self.timeouts
        };
        let settings = AsyncConnectionConfig::new();
        let login = self.config.redis_settings();
        let (connection, driver, _) = open(&self.config, &login, timeouts, settings)
            .await
            .map_err(|failure| self.error(&failure))?;
        Ok((connection, driver))
    }

    /// Connects on a thread of its own, because nothing else bounds the whole.
    ///
    /// `response` bounds each read and write, where there is a bound.
    fn open_blocking(&self, response: Option<Duration>) -> Result<redis::Connection, Error> {
        let (sender, receiver) = sync_channel(1);
        let config = Arc::clone(&self.config);
        let bound = self.timeouts.connect;
        let connect = move || connect(&config, bound, response);
        let opened = thread::Builder::new()
            .name("redis-components-open".into())
            // An error of sending says that it took too long.
            .spawn(move || drop(sender.send(connect())))
            .map_err(|error| {
                Failure::unreachable(format!("a thread to connect cannot be started: {error}"))
            })
            .and_then(|_| match receiver.recv_timeout(bound) {
                Ok(opened) => opened.map_err(Failure::from),
                Err(RecvTimeoutError::Timeout) => Err(Failure::timed_out(bound)),
                Err(RecvTimeoutError::Disconnected) => {
                    Err(Failure::unreachable("connecting panicked"))
                }
            });
        opened.map_err(|failure| self.error(&failure))
    }

    /// The same config as redis-rs's own client has it.
    #[cfg(feature = "connection-manager")]
    pub(super) fn client(&self) -> RedisResult<Client> {
        client(&self.config)
    }

    pub(super) fn config(&self) -> &ComponentConfig {
        &self.config
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    pub(super) fn error(&self, failure: &Failure) -> Error {
        let kind = match failure.cause {
            Cause::Busy | Cause::Refused => ErrorKind::ServerRefused,
            Cause::Unreachable | Cause::Unsteady => ErrorKind::ServerUnreachable,
            Cause::Runtime => ErrorKind::NoRuntime,
        };
        let server = self.config.address();
        let message = format!(
            "a connection of the call's own to {server} could not be opened: {}",
            failure.message
        );
        let (name, key) = (self.component.name(), self.component.key());
        let error = Error::new(kind, message).about(name, key, Some(&server));
        match failure.shown_source() {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

/// Opens a connection for one blocking call, with the bound of each read and write that `response` picks.
pub(super) fn open_blocking(
    component: &'static Component,
    response: fn(Timeouts) -> Option<Duration>,
) -> Result<redis::Connection, Error> {
    let (pool, origin) = Origin::current_blocking(component)?;
    let opened = origin.open_blocking(response(origin.timeouts()));
    // Nobody else may use the pool and find out that the server is gone.
    opened.inspect_err(|_| pool.close())
}

fn client(config: &ComponentConfig) -> RedisResult<Client> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE_INTERVAL)
        .with_retries(KEEPALIVE_RETRIES);
    let tcp = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive);
    let address = ConnectionAddr::Tcp(config.host().to_owned(), config.port_number());
    Client::open(
        address
            .into_connection_info()?
            .set_tcp_settings(tcp)
            .set_redis_settings(config.redis_settings()),
    )
}

fn connect(
    config: &ComponentConfig,
    bound: Duration,
    response: Option<Duration>,
) -> Result<redis::Connection, RedisError> {
    let connection = client(config)?.get_connection_with_timeout(bound)?;
    connection.set_read_timeout(response)?;
    connection.set_write_timeout(response)?;
    Ok(connection)
}
