//! Connections of redis-rs's own types, to the address that a connection of ours has reached.

use std::net::SocketAddr;
use std::time::Duration;

#[cfg(feature = "connection-manager")]
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisResult};

#[cfg(feature = "connection-manager")]
use super::asynchronous::ping;
use super::blocking::on_thread;
use super::failure::Failure;
use super::handshake::{judge_probe, probe};
use super::node::Node;
use super::tcp;
use crate::config::login::Login;
use crate::config::secret::Secret;
use crate::settings::timeouts::Timeouts;

/// The component itself looks for a server that is gone, with its config: the manager tries once
/// more, and soon.
#[cfg(feature = "connection-manager")]
const RETRIES: usize = 1;
#[cfg(feature = "connection-manager")]
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Opens a manager, which reconnects to the same address.
#[cfg(feature = "connection-manager")]
pub(crate) async fn manager(
    node: &Node,
    address: SocketAddr,
    timeouts: Timeouts,
) -> Result<ConnectionManager, Failure> {
    let settings = ConnectionManagerConfig::new()
        .set_number_of_retries(RETRIES)
        .set_max_delay(LONGEST_PAUSE)
        .set_connection_timeout(Some(timeouts.connect))
        .set_response_timeout(Some(timeouts.response));
    let client = client(node, address)?;
    let mut manager = ConnectionManager::new_with_config(client, settings).await?;
    ping(&mut manager).await?;
    Ok(manager)
}

/// Opens a blocking connection; `response` bounds each read and write, if there is a bound.
pub(crate) fn blocking(
    node: &Node,
    address: SocketAddr,
    timeouts: Timeouts,
    response: Option<Duration>,
) -> Result<redis::Connection, Failure> {
    let client = client(node, address)?;
    on_thread(timeouts.connect, move || {
        let mut connection = client.get_connection_with_timeout(timeouts.connect)?;
        judge_probe(probe().query(&mut connection))?;
        connection.set_read_timeout(response)?;
        connection.set_write_timeout(response)?;
        Ok(connection)
    })
}

fn client(node: &Node, address: SocketAddr) -> RedisResult<Client> {
    let tcp = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(tcp::KEEPALIVE);
    let address = ConnectionAddr::Tcp(address.ip().to_string(), address.port());
    Client::open(
        address
            .into_connection_info()?
            .set_tcp_settings(tcp)
            .set_redis_settings(settings(node)),
    )
}

/// Returns the settings with which redis-rs logs in.
fn settings(node: &Node) -> RedisConnectionInfo {
    let mut settings = RedisConnectionInfo::default()
        .set_db(i64::from(node.db()))
        .set_skip_set_lib_name();
    let Login { username, password } = node.login();
    if let Some(username) = username {
        // Without a password redis-rs does not log in at all, and the connection keeps the rights
        // of `default`.
        settings = settings.set_username(username).set_password("");
    }
    if let Some(password) = password.as_ref().map(Secret::expose) {
        settings = settings.set_password(password);
    }
    settings
}
