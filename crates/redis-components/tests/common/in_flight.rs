//! Calls that are in flight for as long as a test wants them to be.

use redis::aio::ConnectionLike;
use redis::{Cmd, RedisResult, Value};
use redis_components::blocking;
use redis_components_testing::Server;

use super::clients::{client_id, client_list};

/// A command that its server answers, with zero, when it is [released](release).
///
/// It waits for a replica that does not exist. So it takes nothing from anybody, and changes
/// nothing.
fn command() -> Cmd {
    let mut command = redis::cmd("WAIT");
    command.arg(1).arg(0);
    command
}

/// Sends a command that its server answers, with zero, when it is [released](release).
pub(crate) async fn hold(connection: &mut impl ConnectionLike) -> RedisResult<u64> {
    command().query_async(connection).await
}

/// Sends it over a blocking connection.
pub(crate) fn hold_blocking(connection: &mut blocking::Connection) -> RedisResult<u64> {
    command().query(connection)
}

/// Returns how many clients of the server wait for the answer to a command.
pub(crate) fn waiting(server: &Server) -> usize {
    ids(server).len()
}

/// Lets the server answer the commands that wait now.
pub(crate) fn release(server: &Server) {
    for id in ids(server) {
        let released = server.command(&["CLIENT", "UNBLOCK", &id]);
        assert_eq!(released, Value::Int(1), "client {id} waits");
    }
}

/// The server's numbers for the clients that wait.
fn ids(server: &Server) -> Vec<String> {
    let clients = client_list(server).into_iter();
    let waiting = clients.filter(|line| line.contains(" flags=b ") && line.contains(" cmd=wait "));
    waiting.map(|line| client_id(&line).to_owned()).collect()
}
