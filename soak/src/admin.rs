//! An operator's requests to servers, each on its own connection.

use std::time::Duration;

use redis::{Client, Connection, FromRedisValue, RedisResult};

/// Longer than a healthy server takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns a connection whose reads and writes time out.
pub(crate) fn connect(client: &Client) -> RedisResult<Connection> {
    let connection = client.get_connection_with_timeout(PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    Ok(connection)
}

/// Sends one request on a new connection.
pub(crate) fn ask<T: FromRedisValue>(client: &Client, words: &[&str]) -> RedisResult<T> {
    request(words).query(&mut connect(client)?)
}

pub(crate) fn request(words: &[&str]) -> redis::Cmd {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command
}

/// Returns the connected clients, one line each, without this one, the test server's own, replicas,
/// primaries and sentinels.
pub(crate) fn clients(client: &Client) -> RedisResult<Vec<String>> {
    let mut connection = connect(client)?;
    let me: u64 = request(&["CLIENT", "ID"]).query(&mut connection)?;
    let list: String = request(&["CLIENT", "LIST"]).query(&mut connection)?;
    let mine = format!("id={me} ");
    let others = list.lines().filter(|line| {
        !line.starts_with(&mine) && !BESIDE.iter().any(|field| line.contains(field))
    });
    Ok(others.map(str::to_owned).collect())
}

/// The name of the connection that watches a test server.
pub(crate) const CONTROL: &str = "control";
const BESIDE: [&str; 4] = [
    " name=control ",
    " name=sentinel-",
    " flags=S ",
    " flags=M ",
];
