//! What stands on the config server: its components, and the values of keys.

use futures_util::future::join_all;

use crate::failure::{Code, Failure};
use crate::names::{is_name, unknown};
use crate::session::Session;
use crate::text::printable;

/// How much of a config is read.
pub(crate) const LONGEST_CONFIG: usize = 64 * 1024;

impl Session {
    /// Returns the bytes under a key, or `None` if it is not there.
    ///
    /// # Errors
    ///
    /// Returns an error if they are too many, or the key has another type.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let mut command = redis::cmd("GETRANGE");
        command.arg(key).arg(0).arg(LONGEST_CONFIG);
        let bytes: Vec<u8> = self.query(&command).await.map_err(|failure| {
            if failure.code == Code::WrongType {
                self.wrong_type(key, "a string")
            } else {
                failure
            }
        })?;
        if bytes.len() > LONGEST_CONFIG {
            let key = printable(key);
            let advice = if key == printable(&self.names.fleet()) {
                "shorten it with redis-cli, and keep its `salt`: canaries and candidates may go"
            } else {
                "remove it with DEL, and write it anew with `set --create` or `rollback`"
            };
            let text = format!(
                "the value under `{key}` has more than {LONGEST_CONFIG} bytes, and processes leave it out; {advice}"
            );
            return Err(Failure::new(Code::ConfigInvalid, text).at(&self.server));
        }
        if bytes.is_empty() {
            let exists: bool = self.query(redis::cmd("EXISTS").arg(key)).await?;
            if !exists {
                return Ok(None);
            }
            // It may have been written between the two.
            return self.query(&command).await.map(Some);
        }
        Ok(Some(bytes))
    }

    pub(crate) fn wrong_type(&self, key: &str, wanted: &str) -> Failure {
        let key = printable(key);
        let text = format!(
            "the key `{key}` on {} is not {wanted}; look at it with TYPE, and delete or rename it",
            self.server
        );
        Failure::new(Code::WrongType, text).at(&self.server)
    }

    /// Returns the names of the components with a config, and of those that the manifest declares.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not say.
    pub(crate) async fn components(&self) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = self.names.declared().map(str::to_owned).collect();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(&cursor)
                .arg("MATCH")
                .arg(self.names.pattern())
                .arg("COUNT")
                .arg(1000);
            let (next, keys): (String, Vec<Vec<u8>>) = self.query(&scan).await?;
            let keys = keys
                .into_iter()
                .filter_map(|key| String::from_utf8(key).ok());
            names.extend(keys.filter_map(|key| self.names.component(&key).map(str::to_owned)));
            if next == "0" {
                break;
            }
            cursor = next;
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Returns the bytes of the configs of all these components, in their order.
    pub(crate) async fn read_all(
        &self,
        components: &[String],
    ) -> Vec<Result<Option<Vec<u8>>, Failure>> {
        let keys: Vec<_> = components
            .iter()
            .map(|component| self.names.key(component))
            .collect();
        join_all(keys.iter().map(|key| self.read(key))).await
    }

    /// Returns the bytes of a component's config.
    ///
    /// # Errors
    ///
    /// Returns an error with the nearest name if there is none.
    pub(crate) async fn config_of(&self, component: &str) -> Result<Vec<u8>, Failure> {
        if is_name(component) {
            let key = self.names.key(component);
            if let Some(bytes) = self
                .read(&key)
                .await
                .map_err(|failure| failure.of_component(component))?
            {
                return Ok(bytes);
            }
            if self.names.declared().any(|name| name == component) {
                let text = format!(
                    "component `{component}` has no config: `{}` is not on {}; write one with \
                    `set {component}`",
                    printable(&key),
                    self.server
                );
                return Err(Failure::new(Code::ConfigMissing, text).of_component(component));
            }
        }
        if is_name(component) && self.has_history(component).await? {
            let text = format!(
                "component `{component}` has no config any more: `{}` is not on {}; look at \
                `history {component}`, and write an entry again with `rollback {component} N`",
                printable(&self.names.key(component)),
                self.server
            );
            return Err(Failure::new(Code::ConfigMissing, text).of_component(component));
        }
        let known = self.components().await?;
        Err(unknown(component, known.iter().map(String::as_str)).at(&self.server))
    }
}
