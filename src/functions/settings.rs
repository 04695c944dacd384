//! Settings of the application, changed while it runs (*Redis in Action*, 5.4.1).
//!
//! `is-under-maintenance` is there while the application is; `config:<kind>:<component>` is a config of any kind as JSON.
//! Where this component is on the config server, `config:redis:<component>` are the configs of the components themselves.

mod error;
mod maintenance;

use redis::{AsyncCommands, RedisResult};
use redis_components::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::error::ConfigError;
pub use self::maintenance::Maintenance;

/// Tells whether the application is under maintenance, and asks Redis at most once a second.
///
/// No round trip within a second of the last, else one; O(1).
///
/// # Errors
///
/// What Redis answers.
pub async fn is_under_maintenance(
    conn: &mut Connection,
    memory: &Maintenance,
) -> RedisResult<bool> {
    if let Some(known) = memory.recall() {
        return Ok(known);
    }
    let flag: Option<String> = conn.get("is-under-maintenance").await?;
    // Python services take an empty text for no, and so do we.
    let under_maintenance = flag.is_some_and(|flag| !flag.is_empty());
    memory.remember(under_maintenance);
    Ok(under_maintenance)
}

/// Begins or ends maintenance, which everybody knows after at most a second.
///
/// One round trip; O(1).
///
/// # Errors
///
/// What Redis answers.
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
/// A value that JSON cannot hold, and what Redis answers.
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

/// Reads a config of any type; `None` where there is none.
///
/// One round trip; O(1).
///
/// # Errors
///
/// A value that is not JSON of that type, and what Redis answers.
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
