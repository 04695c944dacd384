//! What is looked at before data is copied: each check has a name, what was found and what to do.

use serde_json::Value;

use super::fence;
use super::side::{Side, read};
use crate::failure::Failure;
use crate::moving::preflight::checks::{of_own_clock, of_pings, users};
use crate::moving::preflight::config_role::{Harm, Movers};
use crate::moving::preflight::config_server::of_config_server;
use crate::moving::preflight::findings::Checks;
use crate::moving::preflight::options::database;
use crate::moving::records::plan::{fields, naming};
use crate::moving::records::record::Record;
use crate::moving::servers::link::Link;
use crate::moving::servers::seen::Seen;
use crate::moving::standing::others::{self, Others};
use crate::session::Session;
use crate::text::{counted, named};

const SHARED: &str = "shared server";

/// For how long a call waits for an answer unless its config says it, in seconds.
const ANSWERS_WITHIN: f64 = 0.5;

/// Makes all checks.
///
/// # Errors
///
/// Returns an error if a server does not answer.
pub(crate) async fn preflight(
    session: &Session,
    record: &Record,
    source: &Side,
    target: &Side,
) -> Result<Checks, Failure> {
    let (old, new) = (source.see().await?, target.see().await?);
    let mut checks = Checks::default();
    let is_same = new
        .iter()
        .any(|new| old.iter().any(|old| old.run_id == new.run_id));
    checks.refuse(
        "two servers",
        is_same.then(|| "source and target share a server".to_owned()),
        "name others with --to",
    );
    let movers = Movers {
        source: &old,
        target: &new,
        harm: Harm::Copies,
    };
    of_config_server(&mut checks, session, record, &movers).await?;
    let is_used = of_clients(&mut checks, session, record, source, target).await?;
    of_servers(&mut checks, &old, &new);
    of_keys(&mut checks, record, (source, target), is_used).await?;
    let impossible = fence::demand_possible(source).await.err();
    checks.refuse(
        "fence",
        impossible.map(|failure| failure.message),
        "the source needs +config|get and +config|set, and Redis 7 or later",
    );
    of_calls(&mut checks, record, source, target).await?;
    Ok(checks)
}

fn of_servers(checks: &mut Checks, old: &[Seen], new: &[Seen]) {
    let is_replica = |all: &[Seen]| all.iter().any(|seen| !seen.is_primary());
    checks.refuse(
        "source",
        is_replica(old).then(|| "it is a replica".to_owned()),
        "a move begins at a primary",
    );
    checks.refuse(
        "target",
        is_replica(new).then(|| "it is a replica".to_owned()),
        "name its primary with --to",
    );
    // Before Redis 7, scripts pass the fence.
    let is_old = old
        .iter()
        .any(|seen| seen.version.first().is_none_or(|major| *major < 7));
    checks.refuse(
        "version",
        is_old.then(|| {
            "the source is older than Redis 7, and scripts would write there behind the fence"
                .to_owned()
        }),
        "update it, or stop its callers, copy, and `set` the config",
    );
    let used: u64 = old.iter().map(|seen| seen.data_memory).sum();
    let most: u64 = new.iter().map(|seen| seen.max_memory).sum();
    let is_limited = new.iter().all(|seen| seen.max_memory > 0);
    checks.refuse(
        "memory",
        (is_limited && most < used)
            .then(|| format!("`maxmemory` is {most} in all, and the source uses {used}")),
        "raise `maxmemory` of the target",
    );
    let modules = old.iter().flat_map(|seen| &seen.modules);
    let lacks = |name: &&String| new.iter().any(|seen| !seen.modules.contains(name));
    let missing = some(modules.filter(lacks).cloned());
    checks.refuse(
        "modules",
        missing.map(|missing| format!("the target lacks {missing}")),
        "load them there",
    );
    let has_no_file = old.iter().any(|seen| !seen.has_config_file);
    checks.warn(
        "config file",
        has_no_file
            .then(|| "the source has none, so it takes writes when it starts again".to_owned()),
        "start it with a config file, or do not start it again before --finish",
    );
}

async fn of_keys(
    checks: &mut Checks,
    record: &Record,
    (source, target): (&Side, &Side),
    is_used: bool,
) -> Result<(), Failure> {
    let size = target.size().await?;
    checks.refuse(
        "target is empty",
        (size > 0).then(|| format!("it has {}", counted(size, "key"))),
        if is_used {
            "they would be mixed with the copy; use empty servers, or look again when nobody uses these"
        } else {
            "they would be mixed with the copy; use empty servers, or FLUSHALL there"
        },
    );
    let own = format!(
        "db{}",
        database(record.old.get(&record.component).map_or("", String::as_str))
    );
    let mut others = Vec::new();
    for link in &source.links {
        let info: String = link.query(&["INFO", "keyspace"]).await?;
        let names = info
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, _)| name);
        others.extend(names.filter(|name| *name != own).map(str::to_owned));
    }
    checks.refuse(
        "databases",
        some(others.into_iter()).map(|others| format!("the source has keys in {others} too")),
        "one database is copied, and nobody could write to the others: remove them",
    );
    let mut missing = Vec::new();
    for library in libraries(source).await {
        if !libraries(target).await.contains(&library) {
            missing.push(library);
        }
    }
    checks.warn(
        "functions",
        some(missing.into_iter())
            .map(|missing| format!("the target lacks the libraries {missing}")),
        "few programs copy them: FUNCTION DUMP and FUNCTION RESTORE do, on every primary",
    );
    Ok(())
}

/// Returns the names of the libraries of functions that all servers have.
async fn libraries(side: &Side) -> Vec<String> {
    let mut common: Option<Vec<String>> = None;
    for link in &side.links {
        let listed: Result<Vec<Vec<redis::Value>>, _> = link.query(&["FUNCTION", "LIST"]).await;
        let names = listed.unwrap_or_default().into_iter().filter_map(|fields| {
            let name = fields.into_iter().nth(1)?;
            redis::from_redis_value::<String>(name).ok()
        });
        let names: Vec<_> = names.collect();
        common = Some(match common {
            None => names,
            Some(common) => common
                .into_iter()
                .filter(|name| names.contains(name))
                .collect(),
        });
    }
    common.unwrap_or_default()
}

/// Returns `true` if somebody uses a server of the target, or may use it.
async fn of_clients(
    checks: &mut Checks,
    session: &Session,
    record: &Record,
    source: &Side,
    target: &Side,
) -> Result<bool, Failure> {
    let mut watched = false;
    for link in &source.links {
        let clients = users(link).await?;
        watched |= clients.iter().any(|client| {
            client
                .name
                .as_deref()
                .is_some_and(|name| name.starts_with("sentinel-"))
        });
    }
    checks.refuse(
        "sentinels",
        watched.then(|| "sentinels watch the source".to_owned()),
        "a server that they promote would take writes: let them forget it with SENTINEL REMOVE",
    );
    let mut strangers = Vec::new();
    for link in &target.links {
        strangers.extend(users(link).await?.into_iter().map(|client| client.address));
    }
    let has_users = !strangers.is_empty();
    checks.refuse(
        "target in use",
        some(strangers.into_iter()).map(|all| format!("it has clients: {all}")),
        "what they write would be mixed with the copy; use other servers, or end them",
    );
    let targets: Vec<_> = target.links.iter().collect();
    let is_pinged = of_pings(checks, &targets).await?;
    let mut is_others = false;
    for (name, side, advice) in [
        (
            "target of others",
            target,
            "their keys would be mixed; use other servers",
        ),
        (
            SHARED,
            source,
            "nobody could write to it: name them with --with",
        ),
    ] {
        let others = others(session, record, side).await?;
        is_others |= others.is_some() && name == "target of others";
        let how = |one: &str, text: &str| before_along(side, one, text).filter(|_| name == SHARED);
        let advice = others.as_ref().map(|all| all.advice_along(advice, how));
        checks.refuse(
            name,
            others.map(|all| format!("it has, or gets, the data of {all}")),
            advice.unwrap_or_default(),
        );
    }
    Ok(has_users || is_pinged || is_others)
}

/// Returns the command after which a component can be copied along, if it cannot as it is: its config must
/// name the server by the same address.
fn before_along(source: &Side, component: &str, text: &str) -> Option<String> {
    let ([link], Ok(config)) = (source.links.as_slice(), read(component, text)) else {
        return None;
    };
    let is_same = config.address() == source.address;
    (!is_same).then(|| format!("`{}`", naming(&link.place, component, text)))
}

/// Returns the other components that use a server of a side.
pub(super) async fn others(
    session: &Session,
    record: &Record,
    side: &Side,
) -> Result<Option<Others>, Failure> {
    let servers: Vec<_> = side.links.iter().map(|link| &link.place).collect();
    others::others(session, record, &servers).await
}

async fn of_calls(
    checks: &mut Checks,
    record: &Record,
    source: &Side,
    target: &Side,
) -> Result<(), Failure> {
    let config = fields(record.old.get(&record.component).map_or("", String::as_str));
    let timeout = config.get("socket_timeout").and_then(Value::as_f64);
    let timeout = timeout.unwrap_or(ANSWERS_WITHIN);
    let keys = source.size().await?;
    checks.warn(
        "refused writes",
        Some(format!(
            "while the program copies {keys} keys, and they are compared, writes are refused: each call waits \
            for it, but fails after its timeout ({timeout} s, unless the application has another)"
        )),
        "nothing is lost; raise `socket_timeout` for the time of the move, or use --warm-copy with a program \
        that copies what is left faster",
    );
    checks.warn(
        "slots",
        (target.is_cluster && !source.is_cluster).then(|| {
            "a cluster refuses commands and scripts that use keys of several slots".to_owned()
        }),
        "give keys that are used together the same part in braces before",
    );
    let mut replicates = !(target.is_cluster || source.is_cluster);
    for link in source.links.iter().chain(&target.links) {
        replicates = replicates && knows(link, "replicaof").await;
    }
    checks.warn(
        "replication",
        replicates.then(|| "both servers may know REPLICAOF".to_owned()),
        "a move without --copy-with refuses writes for milliseconds only, and can be undone",
    );
    let (here, _): (i64, i64) = source.links[0].query(&["TIME"]).await?;
    of_own_clock(checks, here);
    let mut apart = 0;
    for link in &target.links {
        let (here, _): (i64, i64) = source.links[0].query(&["TIME"]).await?;
        let (there, _): (i64, i64) = link.query(&["TIME"]).await?;
        apart = apart.max((here - there).abs());
    }
    checks.warn(
        "clocks",
        (apart > 1).then(|| format!("they are {apart} seconds apart")),
        "keys expire by the clock of the target after the move",
    );
    Ok(())
}

async fn knows(link: &Link, command: &str) -> bool {
    let answer: Result<redis::Value, _> = link.query(&["COMMAND", "INFO", command]).await;
    matches!(answer, Ok(redis::Value::Array(found)) if !matches!(found.as_slice(), [redis::Value::Nil]))
}

/// Returns some of the names, for people; nothing if there are none.
fn some(names: impl Iterator<Item = String>) -> Option<String> {
    let mut names = names.peekable();
    names.peek().is_some().then(|| named(names))
}
