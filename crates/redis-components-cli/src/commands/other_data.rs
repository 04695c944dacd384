//! Whether a config names other data than the one that is there.

use redis_components::ComponentConfig;
use serde_json::Value;

use crate::failure::{Code, Failure};
use crate::subject::utf8;

/// The fields that say where the data is.
const ENDPOINT: [&str; 7] = [
    "cluster",
    "db",
    "host",
    "port",
    "sentinels",
    "service_name",
    "unix_socket_path",
];

/// Returns the field by which a config names other data than the one that is there.
pub(super) fn other_data(
    component: &str,
    found: &[u8],
    config: &ComponentConfig,
) -> Result<Option<&'static str>, Failure> {
    let current = meaning(&utf8(found.to_vec(), component)?)?;
    let fields = |config: &ComponentConfig| -> Value {
        serde_json::from_str(&config.to_json()).unwrap_or_default()
    };
    let (current, config) = (fields(&current), fields(config));
    Ok(ENDPOINT
        .into_iter()
        .find(|field| current[field] != config[field]))
}

/// # Errors
///
/// Returns an error if the text is no config.
pub(super) fn meaning(text: &str) -> Result<ComponentConfig, Failure> {
    let config = ComponentConfig::from_json(text);
    config.map_err(|error| Failure::new(Code::ConfigInvalid, error.to_string()))
}
