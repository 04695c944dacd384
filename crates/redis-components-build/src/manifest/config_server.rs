use super::servers;
use super::table::Table;
use crate::diagnostics::Diagnostics;

/// The table `[config-server]`.
pub(crate) struct ConfigServer {
    /// The URL that is used if neither code nor environment names a config server.
    pub(crate) url: Option<String>,
    /// The beginning of the keys of all components that have none of their own.
    pub(crate) key_prefix: String,
}

impl Default for ConfigServer {
    fn default() -> Self {
        Self {
            url: None,
            key_prefix: "config:redis:".to_owned(),
        }
    }
}

impl ConfigServer {
    pub(super) fn read(table: &Table<'_>, diagnostics: &mut Diagnostics) -> Self {
        table.check_keys(diagnostics);
        let mut server = Self::default();
        if let Some(url) = table.text("url", diagnostics) {
            servers::check(&url, diagnostics);
            server.url = Some(url.value.to_owned());
        }
        if let Some(prefix) = table.text("key-prefix", diagnostics) {
            prefix.value.clone_into(&mut server.key_prefix);
        }
        server
    }
}
