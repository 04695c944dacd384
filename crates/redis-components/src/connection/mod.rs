//! The connection that an asynchronous call is given.

pub(crate) mod blocking;

use std::fmt;
use std::sync::Arc;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisFuture, Value};

use crate::client::commands::{first_unfit, name};
use crate::client::multiplexed::Multiplexed;
use crate::client::multiplexed::connection::SharedConnection;
use crate::error::{Error, ErrorKind};
use crate::slot::published::OfGeneration;
use crate::telemetry::component::Subject;

/// An asynchronous connection to a component's server, shared with the other calls of the same tokio runtime.
///
/// It stays with the server it was made for: a call that began before the component moved ends where it began. Every call
/// of a generated function takes a fresh one, so there is no need to keep it. A kept connection can say whether it
/// [is still current](Self::is_current).
///
/// Every command ends within the response timeout. A command that waits (`BLPOP`) or changes the session (`SELECT`, `WATCH`,
/// `MULTI` across several calls) is refused before it is sent, with
/// [`ErrorKind::NeedsDedicated`](crate::ErrorKind::NeedsDedicated): it would harm the other calls. A function that needs such
/// commands gets `connection = "dedicated"` in `components.toml`.
#[derive(Clone)]
pub struct Connection {
    inner: Inner,
    /// The function that this was made for, if a wrapper made it.
    function: Option<&'static str>,
}

/// Small, because it is handed from function to function on the way to each call.
#[derive(Clone)]
enum Inner {
    /// A component's client, and which of its connections the first command picked. Not before, so that a handle is cheap
    /// to make.
    Component(Arc<OfGeneration<Multiplexed>>, Option<u32>),
    /// A connection that no component made.
    Own(Box<MultiplexedConnection>),
}

impl Connection {
    pub(crate) fn new(client: Arc<OfGeneration<Multiplexed>>) -> Self {
        Self {
            inner: Inner::Component(client, None),
            function: None,
        }
    }

    /// Returns the same for a call of `function`.
    pub(crate) fn of_function(self, function: &'static str) -> Self {
        Self {
            function: Some(function),
            ..self
        }
    }

    /// Returns `true` if the component still has the config that this connection was made from.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.client()
            .is_none_or(|client| client.is_newest() && !client.client.is_closed())
    }

    /// Returns the generation of the component's config in this process: 1 for the first, one more with every change.
    ///
    /// Returns 0 for a connection that was made from a `MultiplexedConnection` and not by a component.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.client().map_or(0, |client| client.generation)
    }

    /// Returns the client that this is a handle to, if a component made it.
    fn client(&self) -> Option<&OfGeneration<Multiplexed>> {
        match &self.inner {
            Inner::Component(client, _) => Some(client),
            Inner::Own(_) => None,
        }
    }

    pub(crate) fn into_multiplexed(self) -> MultiplexedConnection {
        match self.inner {
            Inner::Component(client, _) => client.client.lend(),
            Inner::Own(connection) => *connection,
        }
    }

    /// Refuses commands that would harm the other users of the connection.
    fn demand_shareable<'a>(
        &self,
        commands: impl IntoIterator<Item = &'a Cmd>,
        atomic: bool,
    ) -> Result<(), Error> {
        let Some(client) = self.client() else {
            return Ok(());
        };
        let Some(unfit) = first_unfit(commands, atomic) else {
            return Ok(());
        };
        let command = name(unfit);
        let Subject { component, key } = &client.subject;
        let advice = match self.function {
            Some(function) => format!("give the function `{function}`"),
            None => "send it from a function that has".to_owned(),
        };
        let text = format!(
            "`{command}` would harm the other calls that share this connection and was not sent; {advice} \
             `connection = \"dedicated\"` in components.toml"
        );
        Err(Error::new(ErrorKind::NeedsDedicated, text).about(component, key, None))
    }

    /// Returns a handle for a command, and the connection that it is a handle to, if a component made it.
    fn for_command(&mut self) -> (MultiplexedConnection, Option<&SharedConnection>) {
        match &mut self.inner {
            Inner::Component(client, picked) => {
                let client = &client.client;
                let shared = client.connection(*picked.get_or_insert_with(|| client.pick()));
                (shared.handle(), Some(shared))
            }
            Inner::Own(connection) => (MultiplexedConnection::clone(connection), None),
        }
    }
}

/// For tests: calls a component's function with a connection of the test's own.
impl From<MultiplexedConnection> for Connection {
    fn from(connection: MultiplexedConnection) -> Self {
        Self {
            inner: Inner::Own(Box::new(connection)),
            function: None,
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.demand_shareable([command], false)?;
            let (mut handle, shared) = self.for_command();
            let request = shared.map(SharedConnection::begin);
            let result = handle.send_packed_command(command).await;
            if let Some(request) = request {
                request.end(&result);
            }
            result
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            self.demand_shareable(pipeline.cmd_iter(), pipeline.is_transaction())?;
            let (mut handle, shared) = self.for_command();
            let request = shared.map(SharedConnection::begin);
            let result = handle.send_packed_commands(pipeline, offset, count).await;
            if let Some(request) = request {
                request.end(&result);
            }
            result
        })
    }

    fn get_db(&self) -> i64 {
        match &self.inner {
            Inner::Component(client, _) => client.client.db(),
            Inner::Own(connection) => connection.get_db(),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("generation", &self.generation())
            .field("is_current", &self.is_current())
            .finish_non_exhaustive()
    }
}
