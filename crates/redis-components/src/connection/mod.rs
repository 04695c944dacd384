//! The connection that an asynchronous call gets.

pub(crate) mod blocking;
mod call_lines;
mod closed;
pub(crate) mod dedicated;
pub(crate) mod driven;
mod handle;
pub(crate) mod line;
mod lines;
mod refused;
mod resend;
#[cfg(feature = "spans")]
mod spans;
pub(crate) mod subscriber;
mod waiting;

use std::fmt;
use std::sync::Arc;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value};

use self::dedicated::Following;
use self::handle::Handle;
use self::refused::Attempts;
use self::resend::{All, One, Request as _, resend};
use crate::client::asynchronous::AsyncClient;
use crate::client::commands::{first_unfit, name};
use crate::clock::Tick;
use crate::error::{Error, ErrorKind};
use crate::fork::MADE_BEFORE_FORK;
use crate::slot::published::OfGeneration;
use crate::telemetry::component::Subject;

/// An asynchronous connection to a component's server, shared with the other calls of the same
/// tokio runtime.
///
/// It stays with the server it was made for: a call that began before the component moved ends
/// where it began. Every call of a generated function takes a fresh one, so there is no need to
/// keep it. A kept connection can say whether it [is still current](Self::is_current).
///
/// On a shared connection every command ends within the response timeout; on a dedicated one it may
/// wait for as long as the server answers PINGs. A command that waits (`BLPOP`) or changes the
/// session (`SELECT`, `WATCH`, `MULTI` across several calls) is refused before it is sent, with
/// [`ErrorKind::NeedsDedicated`](crate::ErrorKind::NeedsDedicated): it would harm the other calls.
/// A function that needs such commands gets `connection = "dedicated"` in `components.toml`.
#[derive(Clone)]
pub struct Connection {
    inner: Inner,
    /// The function that this was made for, if a wrapper made it.
    function: Option<&'static str>,
}

/// Small, because it is handed from function to function on the way to each call.
enum Inner {
    /// A handle to a component's client, which is cheap to make: it has no number before the first
    /// command.
    Component(Handle),
    /// A connection for a single call.
    Dedicated(Box<Following>),
    /// A connection that no component made.
    Own(Box<MultiplexedConnection>),
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        match self {
            Self::Component(handle) => Self::Component(handle.clone()),
            Self::Dedicated(following) => Self::Dedicated(Box::new(following.handle())),
            Self::Own(connection) => Self::Own(connection.clone()),
        }
    }
}

impl Connection {
    pub(crate) fn new(client: Arc<OfGeneration<AsyncClient>>) -> Self {
        Self {
            inner: Inner::Component(Handle::new(client)),
            function: None,
        }
    }

    /// Returns a connection for a single call.
    pub(crate) fn following(connection: Following) -> Self {
        Self {
            inner: Inner::Dedicated(Box::new(connection)),
            function: None,
        }
    }

    /// Returns the connection for a call of `function`.
    pub(crate) fn of_function(self, function: &'static str) -> Self {
        Self {
            function: Some(function),
            ..self
        }
    }

    /// Returns `true` if the component still has the config that this connection was made from, and
    /// no connection that calls share there has been closed. If not, a fresh connection is better.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.client()
            .is_none_or(|client| client.is_newest() && !client.client.is_closed())
    }

    /// Returns the generation of the component's config in this process: 1 for the first, one more
    /// with every change.
    ///
    /// Returns 0 for a connection that was made from a `MultiplexedConnection` and not by a
    /// component.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.client().map_or(0, |client| client.generation)
    }

    /// Returns the client that this is a handle to, if a component made it.
    fn client(&self) -> Option<&OfGeneration<AsyncClient>> {
        match &self.inner {
            Inner::Component(handle) => Some(&handle.client),
            Inner::Dedicated(following) => Some(&following.shared),
            Inner::Own(_) => None,
        }
    }

    /// Returns the error for commands that would harm the other users of a client.
    fn refusal(&self, unfit: &Cmd, client: &OfGeneration<AsyncClient>) -> Error {
        let command = name(unfit);
        if command.is_empty() {
            let text = "a command without words was not sent: no server answers it, and later replies would go to \
                        the wrong calls; give it at least a name";
            let Subject { component, key } = &client.subject;
            return Error::new(ErrorKind::NeedsDedicated, text).about(component, key, None);
        }
        let Subject { component, key } = &client.subject;
        let advice = give_dedicated(self.function);
        let text = format!(
            "`{command}` would harm the other calls that share this connection and was not sent; {advice}"
        );
        Error::new(ErrorKind::NeedsDedicated, text).about(component, key, None)
    }

    /// Refuses every command in a child of the process that made the connection.
    fn demand_this_process(&self) -> RedisResult<()> {
        match self.client() {
            Some(client) if !client.client.is_of_this_process() => {
                Err((redis::ErrorKind::Io, MADE_BEFORE_FORK).into())
            }
            _ => Ok(()),
        }
    }

    /// Refuses commands that would harm the other users of the connection.
    fn demand_shareable<'a>(
        &self,
        commands: impl IntoIterator<Item = &'a Cmd>,
        atomic: bool,
    ) -> Result<(), Error> {
        let Inner::Component(handle) = &self.inner else {
            return Ok(());
        };
        match first_unfit(commands, atomic) {
            Some(unfit) => Err(self.refusal(unfit, &handle.client)),
            None => Ok(()),
        }
    }
}

/// For tests: calls a component's function with the test's own connection.
impl From<MultiplexedConnection> for Connection {
    fn from(connection: MultiplexedConnection) -> Self {
        Self {
            inner: Inner::Own(Box::new(connection)),
            function: None,
        }
    }
}

impl Connection {
    /// Sends a command. A command that was refused goes to another server, if that is safe.
    ///
    /// Each call makes this future anew, in a box. So what few calls need is in boxes of its own.
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.demand_this_process()?;
        self.demand_shareable([command], false)?;
        match &mut self.inner {
            Inner::Component(handle) => {
                let Handle { client, picked } = handle;
                let (is_first, sent) = (picked.is_none(), Tick::now());
                let stays = || !client.has_moved();
                let result = client.client.send(picked, command, &stays).await;
                let request = One(command);
                if request.refusal(&result).is_none() {
                    return result;
                }
                let attempts = Attempts::begin(sent, client.timeouts.response);
                Box::pin(resend(handle, &request, is_first, attempts, result)).await
            }
            Inner::Dedicated(following) => Box::pin(following.send_safely(&One(command))).await,
            Inner::Own(connection) => connection.send_packed_command(command).await,
        }
    }

    /// Sends a pipeline or transaction.
    async fn send_all(
        &mut self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        self.demand_this_process()?;
        self.demand_shareable(pipeline.cmd_iter(), pipeline.is_transaction())?;
        match &mut self.inner {
            Inner::Component(handle) => {
                let Handle { client, picked } = handle;
                let (is_first, sent) = (picked.is_none(), Tick::now());
                let stays = || !client.has_moved();
                let sending = client
                    .client
                    .send_all(picked, pipeline, offset, count, &stays);
                let result = sending.await;
                let request = All {
                    pipeline,
                    offset,
                    count,
                };
                if request.refusal(&result).is_none() {
                    return request.executed(result);
                }
                let attempts = Attempts::begin(sent, client.timeouts.response);
                let result = Box::pin(resend(handle, &request, is_first, attempts, result)).await;
                request.executed(result)
            }
            Inner::Dedicated(following) => {
                let request = All {
                    pipeline,
                    offset,
                    count,
                };
                let result = Box::pin(following.send_safely(&request)).await;
                request.executed(result)
            }
            Inner::Own(connection) => {
                connection
                    .send_packed_commands(pipeline, offset, count)
                    .await
            }
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of(command) {
            return Box::pin(span.around(self.send(command)));
        }
        Box::pin(self.send(command))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        #[cfg(feature = "spans")]
        if let Some(span) = self.span_of_all(pipeline) {
            return Box::pin(span.around(self.send_all(pipeline, offset, count)));
        }
        Box::pin(self.send_all(pipeline, offset, count))
    }

    fn get_db(&self) -> i64 {
        match &self.inner {
            Inner::Component(handle) => handle.client.client.db(),
            Inner::Dedicated(following) => following.db(),
            Inner::Own(connection) => connection.get_db(),
        }
    }
}

/// Returns what to do about a command that needs a connection of its own.
fn give_dedicated(function: Option<&'static str>) -> String {
    let subject = match function {
        Some(function) => format!("give the function `{function}`"),
        None => "send it from a function that has".to_owned(),
    };
    format!("{subject} `connection = \"dedicated\"` in components.toml")
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("generation", &self.generation())
            .field("is_current", &self.is_current())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use redis::{Cmd, Pipeline};

    use super::Connection;

    /// Returns the size of the future that a function returns.
    fn size<A, F: Future>(_: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }

    /// A future of 11 KB cost a third of the throughput at 64 tasks: the allocator took fresh pages
    /// for each call.
    #[test]
    fn the_future_of_a_request_is_small() {
        let send = size(|(connection, command): (&mut Connection, &Cmd)| connection.send(command));
        let send_all = size(|(connection, pipeline): (&mut Connection, &Pipeline)| {
            connection.send_all(pipeline, 0, 1)
        });
        assert!(send <= 2048, "{send} bytes");
        assert!(send_all <= 2048, "{send_all} bytes");
    }
}
