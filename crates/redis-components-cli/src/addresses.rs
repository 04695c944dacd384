//! Addresses of config servers, as they are written.

use redis_components::ComponentConfig;

use crate::failure::Failure;

/// Reads a URL, several URLs with commas between them, or configs as JSON.
///
/// # Errors
///
/// Returns an error that shows none of the text.
pub(crate) fn read(text: &str, origin: &str) -> Result<Vec<ComponentConfig>, Failure> {
    ComponentConfig::config_servers(text)
        .map_err(|error| Failure::usage(format!("{origin}: {error}")))
}
