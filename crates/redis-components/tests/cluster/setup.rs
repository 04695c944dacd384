//! A config server and a cluster, and both ways to call.

use std::ops::DerefMut;

use redis::{Cmd, FromRedisValue, Pipeline, RedisResult};
use redis_components::__private::{AcquireDedicated, AcquireDedicatedBlocking};
use redis_components::{Component, Connection, Error, Scope, blocking};
use redis_components_testing::{Cluster, Server};

use crate::common::patient;

/// A config server, and a component's settings on it.
pub(crate) struct Place {
    pub(crate) config: Server,
}

impl Place {
    pub(crate) fn start() -> Self {
        Self {
            config: Server::start(),
        }
    }

    /// Settings under which no call fails because the machine is slow.
    pub(crate) fn settings(&self) -> redis_components::Settings {
        patient(redis_components::Settings::new(self.config.url()))
    }

    pub(crate) fn set(&self, component: &Component, value: &str) {
        self.config.command(&["SET", component.key(), value]);
    }
}

/// How a test calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Task,
    Thread,
    /// Over connections that the call has for itself.
    DedicatedTask,
    DedicatedThread,
}

impl Way {
    pub(crate) const BOTH: [Self; 2] = [Self::Task, Self::Thread];
    pub(crate) const ALL: [Self; 4] = [
        Self::Task,
        Self::Thread,
        Self::DedicatedTask,
        Self::DedicatedThread,
    ];

    /// Sends a command in a call of its own.
    pub(crate) async fn send<T: FromRedisValue + Send + 'static>(
        self,
        component: &'static Component,
        command: &Cmd,
    ) -> RedisResult<T> {
        match self {
            Self::Task => {
                command
                    .query_async(&mut component.connection().await?)
                    .await
            }
            Self::Thread => {
                let command = command.clone();
                on_thread(move || command.query(&mut component.blocking_connection()?)).await
            }
            Self::DedicatedTask => command.query_async(&mut *dedicated(component).await?).await,
            Self::DedicatedThread => {
                let command = command.clone();
                on_thread(move || command.query(&mut dedicated_blocking(component)?)).await
            }
        }
    }

    /// Sends a pipeline or transaction in a call of its own.
    pub(crate) async fn send_all<T: FromRedisValue + Send + 'static>(
        self,
        component: &'static Component,
        pipeline: &Pipeline,
    ) -> RedisResult<T> {
        match self {
            Self::Task => {
                pipeline
                    .query_async(&mut component.connection().await?)
                    .await
            }
            Self::Thread => {
                let pipeline = pipeline.clone();
                on_thread(move || pipeline.query(&mut component.blocking_connection()?)).await
            }
            Self::DedicatedTask => {
                pipeline
                    .query_async(&mut *dedicated(component).await?)
                    .await
            }
            Self::DedicatedThread => {
                let pipeline = pipeline.clone();
                on_thread(move || pipeline.query(&mut dedicated_blocking(component)?)).await
            }
        }
    }
}

/// Returns a connection for a single call.
pub(crate) async fn dedicated(
    component: &'static Component,
) -> Result<impl DerefMut<Target = Connection>, Error> {
    <Connection as AcquireDedicated>::acquire(component, "call").await
}

/// As [`dedicated`].
pub(crate) fn dedicated_blocking(
    component: &'static Component,
) -> Result<blocking::Connection, Error> {
    <blocking::Connection as AcquireDedicatedBlocking>::acquire(component, "call")
}

/// Runs blocking code of the scope.
pub(crate) async fn on_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let scope = Scope::current().expect("tests run in a scope");
    tokio::task::spawn_blocking(move || scope.run_blocking(run))
        .await
        .unwrap()
}

/// Returns a command out of its words.
pub(crate) fn cmd(line: &str) -> Cmd {
    let mut command = Cmd::new();
    for word in line.split(' ') {
        command.arg(word);
    }
    command
}

/// Returns a key of a slot that this node owns.
pub(crate) fn key_on(cluster: &Cluster, node: usize, prefix: &str) -> String {
    (0..1000)
        .map(|number| format!("{prefix}{number}"))
        .find(|key| cluster.primary_of(key) == node)
        .expect("a key of each node")
}

/// Returns the value of a counter.
pub(crate) fn counter(cluster: &Cluster, key: &str) -> u64 {
    let primary = cluster.node(cluster.primary_of(key));
    match primary.command(&["GET", key]) {
        redis::Value::Nil => 0,
        value => redis::from_redis_value(value).unwrap(),
    }
}
