//! Many components, declared as generated code declares them.

use std::time::Duration;

use redis_components::__private::{Declaration, component};
use redis_components::Component;

/// Returns components named `many_0` and so on. They live as long as the process.
#[must_use]
pub fn components(count: usize) -> Vec<&'static Component> {
    let declared = (0..count).map(|number| {
        let name = format!("many_{number}");
        let key = format!("config:redis:{name}");
        component(Declaration {
            name: name.leak(),
            key: key.leak(),
            wait: Duration::from_secs(1),
            connections: 1,
            key_prefix: "config:redis:",
            has_own_key: false,
            config_server: None,
        })
    });
    let declared: &'static [Component] = declared.collect::<Vec<_>>().leak();
    declared.iter().collect()
}
