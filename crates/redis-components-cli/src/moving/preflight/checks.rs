//! What is looked at before a move begins: each check has a name, what was found and what to do.

use std::slice;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::clients::Client;
use crate::failure::Failure;
use crate::lines::warn_once;
use crate::moving::preflight::announced::of_announced;
use crate::moving::preflight::commands::of_commands;
use crate::moving::preflight::config_role::{Harm, Movers};
use crate::moving::preflight::config_server::of_config_server;
use crate::moving::preflight::fence;
use crate::moving::preflight::findings::Checks;
use crate::moving::preflight::logins::logins;
use crate::moving::preflight::options::{of_both, of_databases, of_undo, rights, way};
use crate::moving::preflight::target::READ_ONLY;
use crate::moving::preflight::target::of_target;
use crate::moving::records::plan::before_along;
use crate::moving::records::record::Record;
use crate::moving::servers::attach::Replication;
use crate::moving::servers::link::Link;
use crate::moving::servers::replication::Role;
use crate::moving::servers::seen::Seen;
use crate::moving::standing::closed::is_parked;
use crate::moving::standing::others::others;
use crate::session::Session;
use crate::text::{counted, named};

/// How many seconds this machine's clock may differ from that of the source: half of the life of a
/// candidate, which processes judge by their own clocks.
const TOO_FAR_APART: u64 = 1800;

/// Makes all checks. Without `replication` nobody logs in as the servers will.
///
/// # Errors
///
/// Returns an error if a server does not answer.
pub(crate) async fn preflight(
    session: &Session,
    record: &Record,
    (source, target): (&Link, &Link),
    replication: Option<&Replication>,
) -> Result<Checks, Failure> {
    let (old, new) = (source.see().await?, target.see().await?);
    let mut checks = Checks::default();
    let is_same = old.run_id == new.run_id || source.place.is_same(&target.place).await;
    checks.refuse(
        "two servers",
        is_same.then(|| "source and target are the same server".to_owned()),
        "name another one with --to",
    );
    let movers = Movers {
        source: slice::from_ref(&old),
        target: slice::from_ref(&new),
        harm: Harm::Replicates,
    };
    of_config_server(&mut checks, session, record, &movers).await?;
    // First of all: what is advised below would take data from those who use it.
    let has_users = of_users(&mut checks, target).await?;
    let target_of = others(session, record, &[&target.place]).await?;
    let is_used = has_users || target_of.is_some();
    of_databases(&mut checks, record);
    of_servers(&mut checks, &old, &new, is_used);
    of_target(&mut checks, &old, &new, target).await;
    of_commands(&mut checks, source, target).await;
    of_announced(&mut checks, &[(source, &old), (target, &new)]).await;
    let clients = users(source).await?;
    let is_sentinel = |client: &&Client| {
        let name = client.name.as_deref();
        name.is_some_and(|name| name.starts_with("sentinel-"))
    };
    checks.refuse(
        "sentinels",
        clients.iter().find(is_sentinel).map(|_| "sentinels watch the source".to_owned()),
        "they would fail over again: let the target follow it with REPLICAOF, write a config with `sentinels` \
        and `service_name` by `set`, and give the same command again",
    );
    checks.refuse(
        "target of others",
        target_of.map(|all| format!("it is for the data of {all}")),
        "it would be lost; use another server",
    );
    let of_source = others(session, record, &[&source.place]).await?;
    let advice = "a server moves as a whole: name them with --with";
    let how = |one: &str, text: &str| before_along(&source.place, one, text);
    let advice = of_source.as_ref().map(|all| all.advice_along(advice, how));
    checks.refuse(
        "shared server",
        of_source.map(|all| format!("it has the data of {all} too")),
        advice.unwrap_or_default(),
    );
    way(&mut checks, source).await?;
    for (link, name, wanted, advice) in [
        (
            source,
            READ_ONLY,
            "yes",
            "set it: the old server must refuse writes after the cut",
        ),
        (
            target,
            READ_ONLY,
            "yes",
            "set it there: until the new server has taken over, writes to it would not reach the old one",
        ),
        (
            target,
            "min-replicas-to-write",
            "0",
            "set it to 0 until the move is finished",
        ),
    ] {
        let found = link.option(name).await.filter(|value| value != wanted);
        checks.refuse(name, found.map(|found| format!("it is {found}")), advice);
    }
    of_undo(&mut checks, source).await;
    of_both(&mut checks, source, target).await;
    rights(&mut checks, source, target).await;
    if let Some(replication) = replication {
        logins(&mut checks, record, (source, target), replication).await;
    }
    let databases =
        async |link: &Link| -> Option<u64> { link.option("databases").await?.parse().ok() };
    let (here, there) = (databases(source).await, databases(target).await);
    let has_fewer = there.zip(here).is_some_and(|(there, here)| there < here);
    checks.refuse(
        "databases",
        has_fewer.then(|| "the target has fewer".to_owned()),
        "set `databases` there, and start it again",
    );
    clocks(&mut checks, source, target).await?;
    Ok(checks)
}

/// Looks who uses the target. Returns `true` if somebody does, or may.
async fn of_users(checks: &mut Checks, target: &Link) -> Result<bool, Failure> {
    let strangers = users(target).await?;
    let has_users = !strangers.is_empty();
    let strangers = strangers.into_iter().map(|client| client.address);
    checks.refuse(
        "target in use",
        some(strangers).map(|all| format!("it has clients: {all}")),
        "what they write would be lost; use another server, or let them leave first, and look again",
    );
    let is_pinged = of_pings(checks, &[target]).await?;
    Ok(has_users || is_pinged)
}

fn of_servers(checks: &mut Checks, old: &Seen, new: &Seen, is_used: bool) {
    let replica = |seen: &Seen| match &seen.replication.role {
        Role::Primary => None,
        Role::Replica { host, port, .. } => Some(format!("it is a replica of {host}:{port}")),
    };
    if is_parked(&old.replication.role) {
        checks.refuse("source", Some(fence::parked()), fence::LET_WRITE);
    } else {
        checks.refuse("source", replica(old), "a move begins at a primary");
    }
    let emptied = |advice: &'static str| match is_used {
        true => "use an empty server, or look again when nobody uses this one",
        false => advice,
    };
    checks.refuse(
        "target",
        replica(new),
        emptied("let it stand alone with REPLICAOF NO ONE, if you may"),
    );
    checks.refuse(
        "target is empty",
        (new.keys > 0).then(|| format!("it has {}, which would be lost", counted(new.keys, "key"))),
        emptied("use an empty server, or FLUSHALL there"),
    );
    let functions = counted(new.functions, "function");
    checks.refuse(
        "target without functions",
        (new.functions > 0).then(|| format!("it has {functions} of its own, which would be lost")),
        emptied("use an empty server, or FUNCTION FLUSH there"),
    );
    checks.refuse(
        "cluster mode",
        (old.is_cluster || new.is_cluster).then(|| "a server is in cluster mode".to_owned()),
        "slots move inside one cluster, with `redis-cli --cluster reshard`; into or out of one no replication \
        goes: give a program that copies the data with --copy-with",
    );
    let shown = |version: &[u64]| {
        let parts: Vec<_> = version.iter().map(u64::to_string).collect();
        parts.join(".")
    };
    let major = |version: &[u64]| version.iter().copied().take(2).collect::<Vec<_>>();
    checks.refuse(
        "version",
        (major(&new.version) < major(&old.version)).then(|| {
            format!(
                "the target has {}, and the source {}",
                shown(&new.version),
                shown(&old.version)
            )
        }),
        "a replica must be at least as new as its primary",
    );
    let missing: Vec<_> = old
        .modules
        .iter()
        .filter(|name| !new.modules.contains(name))
        .collect();
    checks.refuse(
        "modules",
        (!missing.is_empty())
            .then(|| format!("the target lacks {}", named(missing.into_iter().cloned()))),
        "load them there",
    );
    checks.warn(
        "config file",
        (!old.has_config_file || !new.has_config_file)
            .then(|| "a server has none, so it forgets its role when it starts again".to_owned()),
        "start servers with a config file, or do not start the old one again before --finish",
    );
    checks.warn(
        "replicas",
        (!old.replication.replicas.is_empty())
            .then(|| "the source has replicas, which stay behind it".to_owned()),
        "let them follow the target when the move is over",
    );
}

async fn clocks(checks: &mut Checks, source: &Link, target: &Link) -> Result<(), Failure> {
    let (here, _): (i64, i64) = source.query(&["TIME"]).await?;
    let (there, _): (i64, i64) = target.query(&["TIME"]).await?;
    let apart = (here - there).abs();
    checks.warn(
        "clocks",
        (apart > 1).then(|| format!("they are {apart} seconds apart")),
        "set the clock of the target: keys expire by it after the cut, and --undo does not bring them back",
    );
    of_own_clock(checks, here);
    Ok(())
}

/// Looks whether this machine's clock is that of the source, which says `here`.
pub(crate) fn of_own_clock(checks: &mut Checks, here: i64) {
    let own = SystemTime::now().duration_since(UNIX_EPOCH);
    let own = own.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    });
    let apart = own.abs_diff(here);
    checks.refuse(
        "clock of this machine",
        (apart > TOO_FAR_APART)
            .then(|| format!("it differs by {apart} seconds from that of the source")),
        "set it: processes judge by their own clocks when the candidate ends, and would drop it at once, or keep \
        it for too long",
    );
}

/// Returns the clients of a server but this one and its replicas.
async fn clients(link: &Link) -> Result<Vec<Client>, Failure> {
    let own: u64 = link.query(&["CLIENT", "ID"]).await?;
    let list: String = link.query(&["CLIENT", "LIST"]).await?;
    let mut clients = Client::parse_all(&list);
    let is_replication = |client: &Client| {
        let flags = client.flags.as_deref().unwrap_or_default();
        flags.contains('S') || flags.contains('M')
    };
    clients.retain(|client| client.id != Some(own) && !is_replication(client));
    Ok(clients)
}

/// Returns the clients of a server but this one, its replicas, and those who look after it.
///
/// # Errors
///
/// Returns an error if it does not list them.
pub(crate) async fn users(link: &Link) -> Result<Vec<Client>, Failure> {
    let mut clients = clients(link).await?;
    clients.retain(|client| !client.observes());
    Ok(clients)
}

/// Warns of clients of a target that may only look after it, or wait in a pool until they write. Returns
/// `true` if there are any.
///
/// # Errors
///
/// As [`users`].
pub(crate) async fn of_pings(checks: &mut Checks, targets: &[&Link]) -> Result<bool, Failure> {
    let found = pinging(targets).await?;
    let is_found = found.is_some();
    checks.warn(
        "clients of the target",
        found.map(|all| format!("a PING is the last that these have sent: {all}")),
        "end them unless they only look whether it lives: one that waits in a pool writes to it later",
    );
    Ok(is_found)
}

/// Warns of clients of servers that are left which may only look after them, or wait in a pool.
///
/// # Errors
///
/// As [`users`].
pub(crate) async fn warn_of_pings(left: &[&Link]) -> Result<(), Failure> {
    if let Some(all) = pinging(left).await? {
        warn_once(&format!(
            "clients of the old server: a PING is the last that these have sent, and they have no name: \
            {all}; let them leave before you stop it, unless they only look whether it lives: one that \
            waits in a pool is still in use"
        ));
    }
    Ok(())
}

/// Returns the clients without a name whose last command was a `PING`.
async fn pinging(links: &[&Link]) -> Result<Option<String>, Failure> {
    let mut pinging = Vec::new();
    for link in links {
        let mut clients = clients(link).await?;
        clients.retain(|client| client.observes() && client.has_pinged());
        pinging.extend(clients.into_iter().map(|client| client.address));
    }
    Ok(some(pinging.into_iter()))
}

/// Returns some of the names, for people; nothing if there are none.
fn some(names: impl Iterator<Item = String>) -> Option<String> {
    let mut names = names.peekable();
    names.peek().is_some().then(|| named(names))
}
