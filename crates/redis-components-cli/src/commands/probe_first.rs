//! Trying a config before it is written: what the fleet could not use is refused.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, ProtocolVersion};
use redis_components::{ComponentConfig, open_connection};

use super::other_data::other_data;
use super::writing::Writing;
use crate::context::Context;
use crate::copying::side::node_of;
use crate::disabled::is_disabled;
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::moving::records::record::Record;
use crate::moving::servers::fence::{CLOSED, OPTION};
use crate::moving::servers::replication::{Replication, Role};
use crate::moving::standing::closed::is_parked;
use crate::probe::{Probed, Tried, probe};
use crate::server_failure::said;
use crate::session::{Session, settings};

/// A config that is to be written.
pub(super) struct Wanted<'a> {
    pub(super) component: &'a str,
    pub(super) config: &'a ComponentConfig,
    /// What is there now.
    pub(super) found: Option<&'a [u8]>,
}

/// Why a server that answers refuses writes.
enum Refuses {
    /// It is a replica, of this server if it says that.
    Replica(Option<String>),
    /// A cut has let it step down, and was interrupted.
    Parked,
    /// A move by a copying program has left it behind its fence.
    Fence,
}

/// What a server says when it is asked whether it refuses writes.
enum Told {
    Refuses(Refuses),
    Open,
    /// It does not answer, or the user may not ask.
    Nothing,
}

/// Tries the server of a config, and returns what it is.
///
/// # Errors
///
/// Returns an error if the server cannot be used, or refuses the writes of a component that is not
/// there yet.
pub(super) async fn probe_first(
    context: &Context,
    session: &Session,
    wanted: &Wanted<'_>,
    writing: &Writing,
) -> Result<Option<Probed>, Failure> {
    let config = wanted.config;
    if is_disabled(config) {
        return Ok(None);
    }
    if writing.no_probe {
        if !writing.dry_run {
            context
                .confirm("Write a config whose server was not tried?")
                .await?;
        }
        return Ok(None);
    }
    match probe(config).await {
        Ok(Tried::NotHere(reason)) => {
            warn(&reason);
            Ok(None)
        }
        Ok(Tried::Answered(probed)) => {
            if !wanted.stays()
                && let Some(failure) = refusal(session, wanted, &probed).await
            {
                return Err(failure);
            }
            probed.warning().iter().for_each(|warning| warn(warning));
            Ok(Some(probed))
        }
        Err(error) => {
            let text = format!(
                "{}; nothing was written; mend the config, or give --no-probe if the \
                server cannot be reached from here",
                said(&error)
            );
            let failure = Failure::new(Code::ProbeFailed, text).of_component(wanted.component);
            Err(failure.at(&config.address()))
        }
    }
}

impl Wanted<'_> {
    /// Returns `true` if the component is on these servers already.
    fn stays(&self) -> bool {
        let other = |found| other_data(self.component, found, self.config);
        self.found
            .is_some_and(|found| matches!(other(found), Ok(None)))
    }

    /// Returns `true` if a move takes the component away from these servers.
    fn is_left_by(&self, record: &Record) -> bool {
        let old = record.old.get(self.component);
        let other = |old: &String| other_data(self.component, old.as_bytes(), self.config);
        old.is_some_and(|old| matches!(other(old), Ok(None)))
    }
}

/// Returns the failure for servers that refuse writes.
async fn refusal(session: &Session, wanted: &Wanted<'_>, probed: &Probed) -> Option<Failure> {
    let component = wanted.component;
    // Whoever may not read the record may write the config all the same.
    let record = session.record(component).await.ok().flatten();
    let is_left = record.as_ref().is_some_and(|it| wanted.is_left_by(it));
    let copies = record.as_ref().is_some_and(|it| it.copy.is_some());
    let mut found = None;
    let mut is_open = true;
    for server in servers(wanted, probed) {
        let address = server.address();
        match refuses(&server).await {
            Told::Refuses(refuses) => {
                found = Some((address, refuses));
                break;
            }
            Told::Open => {}
            Told::Nothing => is_open = false,
        }
    }
    let (address, refuses) = match found {
        Some(found) => found,
        None if probed.role == "replica" => (probed.address.clone(), Refuses::Replica(None)),
        // The user of the component may not ask for the fence.
        None if is_left && copies && !is_open => (probed.address.clone(), Refuses::Fence),
        None => return None,
    };
    let why = match &refuses {
        Refuses::Replica(Some(primary)) => format!("is a replica of {primary}"),
        Refuses::Replica(None) => "is a replica".to_owned(),
        Refuses::Parked => "has stepped down behind a cut that was interrupted".to_owned(),
        Refuses::Fence => {
            format!("was left by a move behind its fence, by which `{OPTION}` is {CLOSED}")
        }
    };
    let remedy = match (refuses, record) {
        (Refuses::Replica(_), Some(_)) if is_left && !copies => {
            format!("`move {component} --undo` goes back there with the data")
        }
        (Refuses::Replica(_), None) => {
            format!("name its primary, unless `{component}` only reads")
        }
        (Refuses::Parked | Refuses::Fence, Some(_)) if is_left && !copies => {
            format!("let it take writes again with `move {component} --abort`, and then write the config")
        }
        (Refuses::Parked, None) => {
            "if a move of another component has left it so, go on with that; or else let it take writes \
            with REPLICAOF NO ONE there"
                .to_owned()
        }
        (Refuses::Fence, Some(_)) if is_left => format!(
            "to go back there with the data, end the move with `move {component} --finish`, empty it, do CONFIG \
            SET {OPTION} 0 there, and then `move {component} --to` it with --copy-with"
        ),
        (Refuses::Fence, None) => format!(
            "if it has the newest data, do CONFIG SET {OPTION} 0 there; if a move with --copy-with has taken the \
            data away, empty it first, and go back there with `move {component} --to` and --copy-with"
        ),
        _ => format!(
            "a move of `{component}` is under way; look with `move {component} --status`, and go on from there"
        ),
    };
    let text = format!(
        "{address} {why}, and refuses writes; nothing was written; {remedy}; --no-probe writes the config \
        all the same"
    );
    let failure = Failure::new(Code::NotPossible, text).of_component(component);
    Some(failure.at(&address))
}

/// Returns a config for each server that takes the writes of a config.
fn servers(wanted: &Wanted<'_>, probed: &Probed) -> Vec<ComponentConfig> {
    if probed.nodes.is_empty() {
        return vec![wanted.config.clone()];
    }
    let text = wanted.config.to_json();
    let places = probed
        .nodes
        .iter()
        .map(|node| node_of(wanted.component, &text, node));
    places
        .flatten()
        .map(|place| place.config().clone())
        .collect()
}

/// Asks a server whether it refuses writes.
async fn refuses(config: &ComponentConfig) -> Told {
    let plain = AsyncConnectionConfig::new();
    let opened = open_connection(config, &settings(), ProtocolVersion::RESP2, plain).await;
    let Ok(mut connection) = opened else {
        return Told::Nothing;
    };
    let connection = &mut connection;
    let info: Option<String> = ask(connection, &["INFO", "replication"]).await;
    let role = info.map(|info| Replication::parse(&info).role);
    if role.as_ref().is_some_and(is_parked) {
        return Told::Refuses(Refuses::Parked);
    }
    if let Some(Role::Replica { host, port, .. }) = role {
        return Told::Refuses(Refuses::Replica(Some(format!("{host}:{port}"))));
    }
    let option: Option<Vec<String>> = ask(connection, &["CONFIG", "GET", OPTION]).await;
    match option.as_ref().and_then(|option| option.get(1)) {
        Some(value) if value == CLOSED => Told::Refuses(Refuses::Fence),
        Some(_) => Told::Open,
        None => Told::Nothing,
    }
}

async fn ask<T: FromRedisValue>(
    connection: &mut MultiplexedConnection,
    words: &[&str],
) -> Option<T> {
    let mut asking = redis::Cmd::new();
    asking.arg(words);
    asking.query_async(connection).await.ok()
}
