//! The changes of a config, from its history.

use std::time::{Duration, SystemTime};

use redis_components::ComponentConfig;
use serde::Serialize;

use crate::history::{Entry, Note};
use crate::session::Session;

/// A server that a component has left is looked at for as long as this.
const LEFT: Duration = Duration::from_secs(600);

/// A change of a component's config. Its command is left out: it may hold what only operators may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Change {
    pub(crate) n: u64,
    pub(crate) digest: Option<String>,
    /// Where the component was from then on.
    pub(crate) endpoint: Option<String>,
    pub(crate) at: Option<String>,
    pub(crate) by: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Change {
    pub(super) fn of(session: &Session, entry: &Entry) -> Self {
        let meaning = entry.meaning();
        let Note {
            at,
            by,
            from,
            reason,
            ..
        } = entry.note.clone();
        Self {
            n: entry.n,
            digest: meaning.as_ref().map(|config| session.digest(config)),
            endpoint: meaning.as_ref().and_then(endpoint),
            at,
            by,
            from,
            reason,
        }
    }
}

/// Returns where a config's component is. One that is switched off may be nowhere.
pub(super) fn endpoint(config: &ComponentConfig) -> Option<String> {
    Some(config.address()).filter(|address| !address.starts_with(':'))
}

/// Returns the configs that a component has left a short while ago. The entries begin with the
/// newest.
pub(super) fn left(entries: &[Entry], now: SystemTime) -> Vec<ComponentConfig> {
    let pairs = entries.windows(2);
    let recent = pairs.filter(|pair| {
        let at = pair[0].note.at.as_deref();
        let at = at.and_then(|at| humantime::parse_rfc3339(at).ok());
        // A clock that is ahead says that it was just now.
        at.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age <= LEFT) || at > now)
    });
    recent
        .filter_map(|pair| pair[1].meaning())
        .filter(|config| endpoint(config).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use humantime::format_rfc3339_millis;

    use super::left;
    use crate::history::{Entry, Note};

    #[test]
    fn a_server_counts_as_left_for_a_while() {
        let now = SystemTime::now();
        let entry = |n: u64, age: u64| {
            let at = now - Duration::from_secs(age);
            Entry {
                n,
                config: format!(r#"{{"host":"h{n}"}}"#).into_bytes(),
                note: Note {
                    at: Some(format_rfc3339_millis(at).to_string()),
                    ..Note::default()
                },
                problem: None,
            }
        };
        let entries = [entry(3, 5), entry(2, 500), entry(1, 700)];
        let left = left(&entries, now);
        let left: Vec<_> = left.iter().map(|config| config.address()).collect();
        assert_eq!(left, ["h2:6379", "h1:6379"]);
    }
}
