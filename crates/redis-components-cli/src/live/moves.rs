//! Moves of data that are under way, and how far their servers have come.

use std::collections::{BTreeMap, BTreeSet};

use redis_components::ComponentConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::changes::endpoint;
use super::info::Role;
use super::nodes::Reading;
use crate::failure::{Code, Failure};
use crate::session::Session;
use crate::text::printable;

/// What a move keeps on the config server, as far as it is looked at here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Record {
    id: String,
    component: String,
    old: BTreeMap<String, String>,
    new: BTreeMap<String, String>,
    by: Option<String>,
    since: Option<String>,
    /// What a move keeps whose data is copied by a program.
    #[serde(default)]
    copy: Option<Value>,
}

/// A move that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Move {
    pub(crate) id: String,
    /// All components that move together.
    pub(crate) components: Vec<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) by: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) state: Progress,
    /// How many bytes of the stream of replication the new server does not have yet.
    pub(crate) behind: Option<u64>,
}

/// How far the servers of a move have come, in the words of `move --status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Progress {
    Planned,
    Copying,
    Synced,
    Cut,
    Committed,
    Unreachable,
    /// `move --status` looks closer.
    Unclear,
}

/// Returns the records of all moves under way, each once.
///
/// # Errors
///
/// Returns an error if the config server does not show them.
pub(super) async fn records(
    session: &Session,
    components: &[String],
) -> Result<Vec<Record>, Failure> {
    let mut found: Vec<Record> = Vec::new();
    let mut keys = redis::pipe();
    // A key of another type is no move.
    keys.ignore_errors();
    for component in components {
        let key = format!("{PREFIX}{component}");
        keys.cmd("GETRANGE").arg(key).arg(0).arg(MOST);
    }
    if components.is_empty() {
        return Ok(found);
    }
    let answers: Vec<redis::RedisResult<Vec<u8>>> = session.pipeline(&keys).await?;
    for answer in answers {
        let bytes = match answer {
            Ok(bytes) => bytes,
            Err(error) => {
                let failure = session.failure(&error);
                if failure.code == Code::NoRights {
                    return Err(failure);
                }
                continue;
            }
        };
        if let Ok(record) = serde_json::from_slice::<Record>(&bytes)
            && found.iter().all(|known| known.id != record.id)
        {
            found.push(record);
        }
    }
    Ok(found)
}

/// What the keys of moves begin with.
pub(super) const PREFIX: &str = "redis-components:move:";
/// A record holds the configs of several components.
const MOST: usize = 4 * 1024 * 1024;

impl Record {
    /// Returns the configs that the components leave, and those that they get.
    pub(super) fn configs(&self) -> impl Iterator<Item = ComponentConfig> {
        let texts = self.old.values().chain(self.new.values());
        texts.filter_map(|text| ComponentConfig::from_json(text).ok())
    }

    fn server(&self, side: &BTreeMap<String, String>) -> Option<String> {
        let text = side.get(&self.component).or_else(|| side.values().next())?;
        endpoint(&ComponentConfig::from_json(text).ok()?)
    }

    /// Returns the move as its servers show it. `now` has the endpoint of each component.
    pub(super) fn shown(
        &self,
        now: &BTreeMap<&str, Option<&str>>,
        readings: &BTreeMap<String, Reading>,
    ) -> Move {
        let (from, to) = (self.server(&self.old), self.server(&self.new));
        let info = |server: &Option<String>| readings.get(server.as_ref()?)?.info.as_ref();
        let components: BTreeSet<&String> = self.old.keys().chain(self.new.keys()).collect();
        let is_committed = components
            .iter()
            .all(|name| now.get(name.as_str()).copied().flatten() == to.as_deref());
        let mut behind = None;
        let state = match (info(&from), info(&to)) {
            (_, Some(target)) if is_committed && target.role == Some(Role::Primary) => {
                Progress::Committed
            }
            // Its servers are strangers to each other.
            _ if self.copy.is_some() && is_committed => Progress::Committed,
            _ if self.copy.is_some() => Progress::Unclear,
            (Some(source), Some(target)) => match (source.role, target.role) {
                (Some(Role::Primary), Some(Role::Replica)) => {
                    let distance = |(ahead, own): (u64, u64)| ahead.saturating_sub(own);
                    if target.is_in_step {
                        behind = source.offset.zip(target.offset).map(distance);
                        Progress::Synced
                    } else {
                        Progress::Copying
                    }
                }
                (Some(Role::Replica), Some(Role::Primary)) => Progress::Cut,
                (Some(Role::Primary), Some(Role::Primary)) if target.keys == 0 => Progress::Planned,
                _ => Progress::Unclear,
            },
            _ => Progress::Unreachable,
        };
        Move {
            id: printable(&self.id),
            components: components.into_iter().map(|name| printable(name)).collect(),
            from,
            to,
            by: self.by.as_deref().map(printable),
            since: self.since.as_deref().map(printable),
            state,
            behind,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Progress, Record};
    use crate::live::info::Info;
    use crate::live::nodes::Reading;

    fn state(source: Option<&str>, target: Option<&str>, now: &str) -> (Progress, Option<u64>) {
        let record: Record = serde_json::from_str(
            r#"{"id":"move-1","component":"logs","old":{"logs":"{\"host\":\"a\"}"},
                "new":{"logs":"{\"host\":\"b\"}"},"by":"ada","since":null,"later":[]}"#,
        )
        .unwrap();
        let mut readings = BTreeMap::new();
        for (server, text) in [("a:6379", source), ("b:6379", target)] {
            let info = text.map(Info::parse);
            let reading = Reading {
                info,
                ..Reading::default()
            };
            readings.insert(server.to_owned(), reading);
        }
        let shown = record.shown(&BTreeMap::from([("logs", Some(now))]), &readings);
        (shown.state, shown.behind)
    }

    #[test]
    fn r15_a_move_stands_where_its_servers_say() {
        let primary = "role:master\r\nmaster_repl_offset:100\r\ndb0:keys=1\r\n";
        let empty = "role:master\r\n";
        let copying = "role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n";
        let synced = "role:slave\r\nmaster_link_status:up\r\nmaster_sync_in_progress:0\r\n\
            slave_repl_offset:90\r\n";
        let [old, new] = ["a:6379", "b:6379"];
        for (source, target, now, wanted) in [
            (Some(primary), Some(empty), old, (Progress::Planned, None)),
            (Some(primary), Some(copying), old, (Progress::Copying, None)),
            (
                Some(primary),
                Some(synced),
                old,
                (Progress::Synced, Some(10)),
            ),
            (Some(synced), Some(primary), old, (Progress::Cut, None)),
            (
                Some(synced),
                Some(primary),
                new,
                (Progress::Committed, None),
            ),
            (None, Some(primary), new, (Progress::Committed, None)),
            (Some(primary), Some(primary), old, (Progress::Unclear, None)),
            (Some(primary), None, old, (Progress::Unreachable, None)),
        ] {
            assert_eq!(state(source, target, now), wanted, "{source:?} {target:?}");
        }
    }
}
