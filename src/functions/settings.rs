//! Settings of the application, which change while it runs (*Redis in Action*, 5.4.1).
//!
//! `is-under-maintenance` exists while the application is under maintenance.
//! `config:<kind>:<component>` is a config of any kind as JSON. If this component is on the config
//! server, `config:redis:<component>` are the configs of the components themselves.

mod error;
mod maintenance;

use redis::{AsyncCommands, RedisResult};
use redis_components::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::error::ConfigError;
pub use self::maintenance::Maintenance;

/// Returns `true` if the application is under maintenance. It asks Redis at most once a second.
///
/// No round trip within a second of the last, otherwise one; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn is_under_maintenance(
    conn: &mut Connection,
    memory: &Maintenance,
) -> RedisResult<bool> {
    if let Some(known) = memory.recall() {
        return Ok(known);
    }
    let flag: Option<String> = conn.get("is-under-maintenance").await?;
    // Python services read an empty text as no, and so does this function.
    let under_maintenance = flag.is_some_and(|flag| !flag.is_empty());
    memory.remember(under_maintenance);
    Ok(under_maintenance)
}

/// Begins or ends maintenance. Every process knows it after at most a second.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses the command or the connection fails.
pub async fn set_under_maintenance(
    conn: &mut Connection,
    under_maintenance: bool,
) -> RedisResult<()> {
    if under_maintenance {
        conn.set("is-under-maintenance", "yes").await
    } else {
        conn.del("is-under-maintenance").await
    }
}

/// Writes a config of any type.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if JSON cannot hold the value, Redis refuses the command, or the connection
/// fails.
pub async fn set_config<T: Serialize + Sync>(
    conn: &mut Connection,
    kind: &str,
    component: &str,
    config: &T,
) -> Result<(), ConfigError> {
    let key = key(kind, component);
    let json = serde_json::to_string(config).map_err(|error| ConfigError::json(&key, error))?;
    Ok(conn.set(key, json).await?)
}

/// Returns a config of any type; `None` if there is none.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if the value is not JSON of that type, Redis refuses the command, or the
/// connection fails.
pub async fn get_config<T: DeserializeOwned>(
    conn: &mut Connection,
    kind: &str,
    component: &str,
) -> Result<Option<T>, ConfigError> {
    let key = key(kind, component);
    let json: Option<String> = conn.get(&key).await?;
    json.map(|json| serde_json::from_str(&json))
        .transpose()
        .map_err(|error| ConfigError::json(&key, error))
}

fn key(kind: &str, component: &str) -> String {
    format!("config:{kind}:{component}")
}
