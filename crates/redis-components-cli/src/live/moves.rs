//! Moves of data that are under way, and how far their servers have come.

use std::collections::{BTreeMap, BTreeSet};

use redis_components::ComponentConfig;
use serde::Serialize;

use super::changes::endpoint;
use super::nodes::{Reading, place};
use crate::failure::{Code, Failure};
use crate::moving::records::copied::Copied;
use crate::moving::records::record::Record;
use crate::moving::servers::replication::Role;
use crate::moving::servers::seen::Seen;
use crate::moving::servers::silence::Silence;
use crate::moving::standing::closed::is_parked;
use crate::moving::standing::state::{State, View};
use crate::session::Session;
use crate::text::printable;

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

/// Where a move stands, in the words of `move --status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Progress {
    /// A config is neither the old nor the new one. `move --status` says what to do.
    Unclear,
    #[serde(untagged)]
    Of(State),
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
        let key = session.names.record(component);
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

/// A record holds the configs of several components.
const MOST: usize = 4 * 1024 * 1024;

/// Returns the configs that the components of a move leave, and those that they get.
pub(super) fn configs(record: &Record) -> impl Iterator<Item = ComponentConfig> {
    let texts = record.old.values().chain(record.new.values());
    texts.filter_map(|text| ComponentConfig::from_json(text).ok())
}

/// A server of a move, as it was seen last.
#[derive(Clone, Copy, Debug)]
struct End<'a> {
    reading: Option<&'a Reading>,
}

impl<'a> End<'a> {
    fn seen(self) -> Option<&'a Seen> {
        Some(&self.reading?.info.as_ref()?.seen)
    }

    fn is_silent(self, why: impl FnOnce(Silence) -> bool) -> bool {
        self.reading
            .and_then(|reading| reading.silence)
            .is_some_and(why)
    }

    /// Returns `true` if another server means this one by `host` and `port`.
    fn is_at(self, host: &str, port: u16) -> bool {
        self.reading
            .is_some_and(|reading| reading.addresses.have(host, port))
    }

    fn follows(self, other: Self) -> bool {
        match self.seen().map(|seen| &seen.replication.role) {
            Some(Role::Replica { host, port, .. }) => other.is_at(host, *port),
            _ => false,
        }
    }

    fn lists(self, other: Self) -> bool {
        let replicas = self
            .seen()
            .into_iter()
            .flat_map(|seen| &seen.replication.replicas);
        let mut online = replicas.filter(|replica| replica.is_online);
        online.any(|replica| other.is_at(&replica.host, replica.port))
    }
}

/// Returns a move as its servers show it. `current` has the config of each component, `readings` what
/// was seen of each server, and `places` of the servers of each place.
pub(super) fn shown(
    record: &Record,
    current: &BTreeMap<String, ComponentConfig>,
    readings: &BTreeMap<String, Reading>,
    places: &BTreeMap<String, Vec<Reading>>,
) -> Move {
    let server = |side: &BTreeMap<String, String>| {
        let text = side
            .get(&record.component)
            .or_else(|| side.values().next())?;
        endpoint(&ComponentConfig::from_json(text).ok()?)
    };
    let (from, to) = (server(&record.old), server(&record.new));
    let [source, target] = [&from, &to].map(|server| End {
        reading: server.as_ref().and_then(|server| readings.get(server)),
    });
    let state = match is_committed(record, current) {
        Some(is_committed) => Progress::Of(match &record.copy {
            Some(note) => state_of_copy(record, note, places, is_committed),
            None => state(record, source, target, is_committed),
        }),
        None => Progress::Unclear,
    };
    let behind = match (state, source.seen(), target.seen()) {
        (Progress::Of(State::Synced), Some(source), Some(target)) => Some(
            source
                .replication
                .offset
                .saturating_sub(target.replication.offset),
        ),
        _ => None,
    };
    let components: BTreeSet<&String> = record.old.keys().chain(record.new.keys()).collect();
    Move {
        id: printable(&record.id),
        components: components.into_iter().map(|name| printable(name)).collect(),
        from,
        to,
        by: record.by.as_deref().map(printable),
        since: record.since().map(printable),
        state,
        behind,
    }
}

/// Returns whether the configs of all components are the new ones; nothing if one is neither.
fn is_committed(record: &Record, current: &BTreeMap<String, ComponentConfig>) -> Option<bool> {
    let mut committed = 0;
    for (component, old) in &record.old {
        let found = current.get(component)?;
        let is =
            |text: &String| ComponentConfig::from_json(text).is_ok_and(|config| config == *found);
        if record.new.get(component).is_some_and(is) {
            committed += 1;
        } else if !is(old) {
            return None;
        }
    }
    Some(committed == record.old.len())
}

/// Returns where a copy stands. Its servers are strangers to each other, and only those that are left
/// say something of it.
fn state_of_copy(
    record: &Record,
    note: &Copied,
    places: &BTreeMap<String, Vec<Reading>>,
    is_committed: bool,
) -> State {
    let old = record.old.get(&record.component);
    let old = old.and_then(|text| ComponentConfig::from_json(text).ok());
    let source = old.and_then(|config| places.get(&place(&config)));
    let source = source.map_or(&[][..], Vec::as_slice);
    let answer = !source.is_empty() && source.iter().all(|reading| reading.info.is_some());
    let is_dead = |reading: &Reading| reading.silence == Some(Silence::NoAnswer);
    let may_be_closed = !note.fences.is_empty();
    match (is_committed, answer) {
        (true, _) if source.iter().any(is_dead) => State::Gone,
        // Before the first look, nothing says that they are gone.
        (true, _) => State::Committed,
        (false, false) => State::Unreachable,
        _ if may_be_closed && source.iter().any(|reading| reading.is_closed) => State::Fenced,
        _ => State::Planned,
    }
}

fn state(record: &Record, source: End<'_>, target: End<'_>, is_committed: bool) -> State {
    let is_closed = source.reading.is_some_and(|reading| reading.is_closed);
    let is_parked = source
        .seen()
        .is_some_and(|seen| is_parked(&seen.replication.role));
    let is_silent = |why: fn(Silence) -> bool| source.is_silent(why) || target.is_silent(why);
    let view = View {
        source: source.seen(),
        target: target.seen(),
        is_loading: is_silent(|why| why == Silence::Loading),
        is_refusing: is_silent(Silence::is_refusal),
        source_follows: source.follows(target),
        target_follows: target.follows(source),
        target_is_online: source.lists(target),
        is_committed,
        has_all: record.is_had_by(target.seen()),
        may_be_cut: record.may_have_been_cut(source.seen()),
        is_fenced: record.fence.is_some() && (is_closed || is_parked),
    };
    view.state()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use redis_components::ComponentConfig;

    use super::{Progress, shown};
    use crate::live::info::Info;
    use crate::live::nodes::{Reading, place};
    use crate::moving::records::copied::{Copied, Fenced};
    use crate::moving::records::record::Record;
    use crate::moving::servers::addresses::Addresses;
    use crate::moving::servers::silence::Silence;
    use crate::moving::standing::state::State;

    fn state(source: Option<&str>, target: Option<&str>, now: &str) -> (Progress, Option<u64>) {
        let config = |host: &str| format!("{{\"host\":\"{host}\"}}");
        let of = |host: &str| BTreeMap::from([("logs".to_owned(), config(host))]);
        let record = Record::new("logs", of("a"), of("b"));
        let mut readings = BTreeMap::new();
        for (host, text) in [("a", source), ("b", target)] {
            let reading = Reading {
                info: text.map(Info::parse),
                addresses: Addresses::at(host, 6379),
                ..Reading::default()
            };
            readings.insert(format!("{host}:6379"), reading);
        }
        let now = ComponentConfig::from_json(&config(now)).unwrap();
        let shown = shown(
            &record,
            &BTreeMap::from([("logs".to_owned(), now)]),
            &readings,
            &BTreeMap::new(),
        );
        (shown.state, shown.behind)
    }

    #[test]
    fn r15_a_move_stands_where_its_servers_say() {
        let primary = "role:master\r\nmaster_repl_offset:100\r\ndb0:keys=1\r\n\
            slave0:ip=b,port=6379,state=online,offset=90,lag=0\r\n";
        let empty = "role:master\r\n";
        let replica = |host: &str, link: &str| {
            format!(
                "role:slave\r\nmaster_host:{host}\r\nmaster_port:6379\r\nslave_repl_offset:90\r\n\
                 master_link_status:{link}\r\nmaster_sync_in_progress:0\r\n"
            )
        };
        let (copying, synced) = (&*replica("a", "down"), &*replica("a", "up"));
        let (of_b, of_others) = (&*replica("b", "up"), &*replica("c", "up"));
        for (source, target, now, wanted, behind) in [
            (Some(primary), Some(empty), "a", State::Planned, None),
            (Some(primary), Some(copying), "a", State::Copying, None),
            (Some(primary), Some(synced), "a", State::Synced, Some(10)),
            (Some(primary), Some(of_others), "a", State::Split, None),
            (Some(of_b), Some(primary), "a", State::Cut, None),
            (Some(of_b), Some(primary), "b", State::Committed, None),
            (None, Some(primary), "b", State::Gone, None),
            (Some(primary), None, "a", State::Unreachable, None),
        ] {
            let wanted = (Progress::Of(wanted), behind);
            assert_eq!(state(source, target, now), wanted, "{source:?} {target:?}");
        }
        assert_eq!(state(Some(primary), None, "c").0, Progress::Unclear);
    }

    #[test]
    fn r15_a_copy_stands_where_the_servers_that_it_leaves_say() {
        let (old, new) = ("{\"cluster\":[\"a:1\",\"a:2\"]}", "{\"host\":\"b\"}");
        let of = |text: &str| BTreeMap::from([("logs".to_owned(), text.to_owned())]);
        let config = |text: &str| ComponentConfig::from_json(text).unwrap();
        let reading = |answers: bool, is_closed: bool| Reading {
            info: answers.then(|| Info::parse("role:master\r\n")),
            silence: (!answers).then_some(Silence::NoAnswer),
            is_closed,
            ..Reading::default()
        };
        let (open, closed, dead) = (
            reading(true, false),
            reading(true, true),
            reading(false, false),
        );
        let busy = Reading {
            silence: Some(Silence::Busy),
            ..dead.clone()
        };
        let fence = Fenced {
            server: "a:1".to_owned(),
            before: "0".to_owned(),
            run: String::new(),
            is_replica: false,
        };
        for (seen, has_fences, now, wanted) in [
            (vec![&open, &open], false, old, State::Planned),
            (vec![&open, &open], true, old, State::Planned),
            (vec![&open, &closed], true, old, State::Fenced),
            (vec![&closed, &closed], true, old, State::Fenced),
            // The fence was taken away, and the server was not looked at since.
            (vec![&closed, &closed], false, old, State::Planned),
            (vec![&open, &dead], true, old, State::Unreachable),
            (vec![], true, old, State::Unreachable),
            (vec![&closed, &closed], true, new, State::Committed),
            (vec![], true, new, State::Committed),
            (vec![&closed, &dead], true, new, State::Gone),
            (vec![&closed, &busy], true, new, State::Committed),
        ] {
            let mut record = Record::new("logs", of(old), of(new));
            let fences = has_fences.then(|| fence.clone());
            record.copy = Some(Copied {
                fences: fences.into_iter().collect(),
                ..Copied::default()
            });
            let seen: Vec<Reading> = seen.into_iter().cloned().collect();
            let places = BTreeMap::from([(place(&config(old)), seen)]);
            let current = BTreeMap::from([("logs".to_owned(), config(now))]);
            let shown = shown(&record, &current, &BTreeMap::new(), &places);
            assert_eq!(shown.state, Progress::Of(wanted), "{places:?}");
        }
    }
}
