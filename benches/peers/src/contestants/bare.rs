//! redis-rs alone: multiplexed connections, of which each task has a clone.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{ConnectionInfo, IntoConnectionInfo};

use super::tasks::Asynchronous;
use super::world::{APP, MESSAGE};
use crate::failure::Failure;
use crate::functions::logs::log_recent;

pub(crate) struct Bare(Vec<MultiplexedConnection>);

impl Bare {
    pub(crate) async fn connect(url: &str, sockets: usize) -> Result<Self, Failure> {
        Self::connect_by(url.into_connection_info()?, sockets).await
    }

    /// Connects with the socket option that our clients set.
    pub(crate) async fn connect_nodelay(url: &str) -> Result<Self, Failure> {
        let info = url.into_connection_info()?;
        let settings = TcpSettings::default().set_nodelay(true);
        Self::connect_by(info.set_tcp_settings(settings), 1).await
    }

    async fn connect_by(info: ConnectionInfo, sockets: usize) -> Result<Self, Failure> {
        let client = redis::Client::open(info)?;
        let mut connections = Vec::new();
        for _ in 0..sockets {
            connections.push(client.get_multiplexed_async_connection().await?);
        }
        Ok(Self(connections))
    }
}

impl Asynchronous for Bare {
    type Caller = MultiplexedConnection;

    fn caller(&self, task: usize) -> Self::Caller {
        self.0[task % self.0.len()].clone()
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        Ok(log_recent(caller, APP, MESSAGE).await?)
    }
}

/// A connection as a service has it in its state: cloned for each call.
pub(crate) struct Each(Arc<MultiplexedConnection>);

impl Each {
    pub(crate) async fn connect(url: &str) -> Result<Self, Failure> {
        let client = redis::Client::open(url)?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Self(Arc::new(connection)))
    }
}

impl Asynchronous for Each {
    type Caller = Arc<MultiplexedConnection>;

    fn caller(&self, _: usize) -> Self::Caller {
        Arc::clone(&self.0)
    }

    async fn log_recent(caller: &mut Self::Caller) -> Result<(), Failure> {
        let mut connection = MultiplexedConnection::clone(caller);
        Ok(log_recent(&mut connection, APP, MESSAGE).await?)
    }
}
