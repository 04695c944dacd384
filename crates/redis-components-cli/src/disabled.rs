//! Configs that switch their component off.

use redis_components::ComponentConfig;

/// Returns `true` if the config switches its component off.
pub(crate) fn is_disabled(config: &ComponentConfig) -> bool {
    let json: serde_json::Value = serde_json::from_str(&config.to_json()).unwrap_or_default();
    json["disabled"] == true
}
