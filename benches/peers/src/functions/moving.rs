//! The function that is called while the component moves.

use redis::aio::ConnectionLike;
use redis::{AsyncCommands, RedisResult};

pub use super::logs::log_recent;

/// The key under which each data server has its number.
pub const SERVER: &str = "server:number";

/// Returns the number of the server that answers.
///
/// # Errors
///
/// Returns the error of Redis.
pub async fn which_server(conn: &mut (impl ConnectionLike + Send + Sync)) -> RedisResult<usize> {
    conn.get(SERVER).await
}
