//! The content of the file: one config for each key and config server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::config_server::config_text::ConfigText;

/// Says what kind of file it is.
const FORMAT: &str = "redis-components last good configs";
/// Grows when older versions cannot read the file.
const VERSION: u32 = 1;

#[derive(Deserialize, Serialize)]
struct Document {
    format: String,
    version: u32,
    configs: Vec<Entry>,
}

/// A config that was in force.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Entry {
    /// The config servers that the process knew.
    servers: Vec<String>,
    key: String,
    /// When it was saved, in seconds since 1970.
    saved: u64,
    /// The text on the config server.
    config: ConfigText,
}

/// The entries of the file.
#[derive(Clone, Debug, Default)]
pub(in crate::config_server) struct Entries(Vec<Entry>);

impl Entries {
    /// Returns the entries in the text of a file.
    ///
    /// # Errors
    ///
    /// Returns the reason if this is another file, or if a newer version has written it. It
    /// contains nothing of the text.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let document: Document = serde_json::from_slice(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!(
                "it is no file of last good configs (line {line} column {column}); delete it, or name another \
                 file"
            )
        })?;
        if document.format != FORMAT {
            return Err("it is no file of last good configs; name another file".to_owned());
        }
        if document.version != VERSION {
            let version = document.version;
            return Err(format!(
                "it has version {version} of the format, and this is version {VERSION}; delete it, or name another \
                 file"
            ));
        }
        Ok(Self(document.configs))
    }

    pub(super) fn to_text(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(&Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            configs: self.0.clone(),
        })?;
        text.push(b'\n');
        Ok(text)
    }

    /// Returns the config of a key on any of the servers that was saved last, and when that was.
    pub(super) fn find(&self, servers: &[String], key: &str) -> Option<(&ConfigText, SystemTime)> {
        let entries = self.0.iter().filter(|entry| entry.is_of(servers, key));
        let entry = entries.max_by_key(|entry| entry.saved)?;
        let saved = UNIX_EPOCH.checked_add(Duration::from_secs(entry.saved));
        Some((&entry.config, saved.unwrap_or(UNIX_EPOCH)))
    }

    /// Puts in the configs of keys on the servers. Returns `false` if they are there already.
    pub(super) fn put(&mut self, servers: &[String], configs: &[(String, ConfigText)]) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let mut is_changed = false;
        for (key, config) in configs {
            let same = |entry: &Entry| entry.servers == servers && entry.config == *config;
            let mut known = self.0.iter().filter(|entry| entry.is_of(servers, key));
            if known.next().is_some_and(same) && known.next().is_none() {
                continue;
            }
            self.0.retain(|entry| !entry.is_of(servers, key));
            self.0.push(Entry {
                servers: servers.to_vec(),
                key: key.clone(),
                saved: now,
                config: config.clone(),
            });
            is_changed = true;
        }
        if is_changed {
            self.0
                .sort_by(|a, b| (&a.key, &a.servers).cmp(&(&b.key, &b.servers)));
        }
        is_changed
    }
}

impl Entry {
    /// Processes that name several config servers, and have one in common, mean the same configs.
    fn is_of(&self, servers: &[String], key: &str) -> bool {
        self.key == key && self.servers.iter().any(|server| servers.contains(server))
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigText, Entries};

    fn servers(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn put(entries: &mut Entries, names: &[&str], key: &str, config: &str) -> bool {
        let config = (key.to_owned(), ConfigText::new(config));
        entries.put(&servers(names), &[config])
    }

    fn found(entries: &Entries, names: &[&str], key: &str) -> Option<String> {
        let found = entries.find(&servers(names), key);
        found.map(|(text, _)| text.expose().to_owned())
    }

    #[test]
    fn a_config_belongs_to_a_key_on_config_servers() {
        let mut entries = Entries::default();
        assert!(put(&mut entries, &["a", "b"], "logs", "1"));
        assert!(!put(&mut entries, &["a", "b"], "logs", "1"));
        assert!(put(&mut entries, &["z"], "logs", "2"));
        assert_eq!(found(&entries, &["a"], "logs").as_deref(), Some("1"));
        assert_eq!(found(&entries, &["c", "b"], "logs").as_deref(), Some("1"));
        assert_eq!(found(&entries, &["z"], "logs").as_deref(), Some("2"));
        assert_eq!(found(&entries, &["c"], "logs"), None);
        assert_eq!(found(&entries, &["a"], "locks"), None);
        assert!(put(&mut entries, &["b", "c"], "logs", "3"));
        assert_eq!(found(&entries, &["c"], "logs").as_deref(), Some("3"));
        assert_eq!(found(&entries, &["a"], "logs"), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut entries = Entries::default();
        put(&mut entries, &["a"], "logs", r#"{"password": "é\n"}"#);
        let read = Entries::parse(&entries.to_text().unwrap()).unwrap();
        assert_eq!(
            found(&read, &["a"], "logs").as_deref(),
            Some(r#"{"password": "é\n"}"#)
        );
        assert!(Entries::parse(b"").is_ok(), "an empty file has no configs");
    }

    #[test]
    fn r8_another_file_is_refused_and_not_shown() {
        for text in [
            r#"{"format":"s3cret","version":1,"configs":[]}"#,
            r#"{"format":"redis-components last good configs","version":2,"configs":[]}"#,
            r#"{"format":"redis-components last good configs","version":1,"configs":["s3cret"]}"#,
            r#"{"format":"redis-components last good configs","version":1,"conf"#,
            "s3cret",
            "\0\0",
        ] {
            let refused = Entries::parse(text.as_bytes()).err().unwrap();
            assert!(!refused.contains("s3cret"), "{refused}");
            assert!(refused.contains("name another file"), "{refused}");
        }
    }
}
