//! The configs of all components, with their newest changes.

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures_util::future::join_all;
use redis_components::ComponentConfig;

use super::changes::{Change, left};
use super::snapshot::Component;
use crate::commands::list::row;
use crate::failure::{Code, Failure};
use crate::history::Entry;
use crate::session::Session;
use crate::text::printable;

/// How many changes of a component are shown.
const CHANGES: usize = 20;

/// The configs of all components, as they were read last.
#[derive(Clone, Debug, Default)]
pub(super) struct Configs {
    pub(super) components: Vec<Component>,
    /// The configs that are understood.
    pub(super) current: BTreeMap<String, ComponentConfig>,
    /// The configs that were left a short while ago.
    pub(super) left: Vec<ComponentConfig>,
}

impl Configs {
    /// Reads the configs of these components.
    ///
    /// # Errors
    ///
    /// Returns an error if the config server does not answer. What it refuses is a component's
    /// problem.
    pub(super) async fn read(session: &Session, names: &[String]) -> Result<Self, Failure> {
        let texts = session.read_all(names).await;
        let entries = names.iter().map(|name| session.entries(name, CHANGES + 1));
        let entries = join_all(entries).await;
        let mut configs = Self::default();
        for ((name, text), entries) in names.iter().zip(texts).zip(entries) {
            configs.add(session, name, answered(text)?, answered(entries)?.ok());
        }
        Ok(configs)
    }

    fn add(
        &mut self,
        session: &Session,
        name: &str,
        text: Result<Option<Vec<u8>>, Failure>,
        entries: Option<Vec<Entry>>,
    ) {
        let meaning = text.as_ref().ok().and_then(|bytes| {
            let text = std::str::from_utf8(bytes.as_deref()?).ok()?;
            ComponentConfig::from_json(text).ok()
        });
        self.current
            .extend(meaning.map(|config| (name.to_owned(), config)));
        let changes = entries.as_ref().map(|entries| {
            let entries = entries.iter().take(CHANGES);
            entries.map(|entry| Change::of(session, entry)).collect()
        });
        let mut entries = entries.unwrap_or_default();
        self.left.extend(left(&entries, SystemTime::now()));
        let newest = (!entries.is_empty()).then(|| entries.swap_remove(0));
        let row = row(session, name, text, newest);
        self.components.push(Component {
            component: printable(&row.component),
            key: row.key,
            endpoint: row.endpoint,
            servers: Vec::new(),
            digest: row.digest,
            since: row.since,
            disabled: row.is_disabled,
            fleet: None,
            canary: None,
            problem: row.problem.map(|problem| printable(&problem)),
            changes,
        });
    }
}

/// Tells a config server that does not answer from one that refuses.
fn answered<T>(answer: Result<T, Failure>) -> Result<Result<T, Failure>, Failure> {
    match answer {
        Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
        answer => Ok(answer),
    }
}
