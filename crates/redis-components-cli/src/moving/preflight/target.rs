//! What a target must be to get the calls of a source: looked at before a move, and again right before
//! its cut. A copy may take hours, and meanwhile data grows and people set options.

use crate::failure::{Code, Failure};
use crate::moving::preflight::announced::warn_of_announced;
use crate::moving::preflight::findings::{Checks, warn_of};
use crate::moving::preflight::logins::demand_login_of;
use crate::moving::records::record::Record;
use crate::moving::servers::addresses::is_far;
use crate::moving::servers::identity::run_at;
use crate::moving::servers::link::{Link, Place};
use crate::moving::servers::replication::Replica;
use crate::moving::servers::seen::Seen;

/// The option that lets a replica refuse writes.
pub(crate) const READ_ONLY: &str = "replica-read-only";

const COPY_USES: &str = "its copy of the data uses";

/// How many connections more a target needs: the link of the old server, and those of commands.
const ROOM: u64 = 8;

/// The name of a check, what it has found at a server that is to take calls, and what to do.
type Found = (&'static str, Option<String>, &'static str);

/// Looks before a move whether the target can take what comes. It has no copy yet.
pub(crate) async fn of_target(checks: &mut Checks, old: &Seen, new: &Seen, target: &Link) {
    let (used, what) = (old.data_memory, "the data of the source uses");
    for (name, found, advice) in [
        memory([old, new], used, what),
        clients(old, new),
        disk(new, target).await,
    ] {
        checks.refuse(name, found, advice);
    }
    for (name, found, advice) in removed([old, new], used, what) {
        checks.warn(name, found, advice);
    }
}

/// Warns before a cut of what stops nothing, and may have changed since the move began.
pub(crate) async fn warn_before_cut((source, old): (&Link, &Seen), (target, new): (&Link, &Seen)) {
    for (name, found, advice) in removed([old, new], new.data_memory, COPY_USES) {
        if let Some(found) = found {
            warn_of(name, &found, advice);
        }
    }
    warn_of_announced(&[(source, old), (target, new)]).await;
}

/// Demands before a cut that calls find at the target what they have at the source.
///
/// # Errors
///
/// Returns an error if they do not, or a server does not say it.
pub(crate) async fn demand_fit(
    record: &Record,
    source: &Link,
    target: &Link,
) -> Result<(), Failure> {
    demand_read_only(source, "after the cut").await?;
    demand_read_only(target, "before it has taken over").await?;
    let (old, new) = (source.see().await?, target.see().await?);
    let server = target.place.address();
    for (_, found, advice) in [
        // It has the copy now.
        memory([&old, &new], new.data_memory, COPY_USES),
        clients(&old, &new),
        disk(&new, target).await,
    ] {
        if let Some(found) = found {
            return Err(unfit(&server, &found, advice));
        }
    }
    for (component, text) in &record.new {
        let failure = match Place::of_config(component, text)?.connect().await {
            Ok(link) => {
                // A client that is only dropped may be listed as one that is left.
                let _ = link.query::<()>(&["QUIT"]).await;
                continue;
            }
            // What the config refers to may be out of reach here.
            Err(failure) if failure.code == Code::ConfigInvalid => continue,
            Err(failure) => failure,
        };
        let found = format!("`{component}` cannot log in there: {}", failure.message);
        let advice = "let its user log in there";
        return Err(unfit(&server, &found, advice).of_component(component));
    }
    demand_login_of(source, target, record).await?;
    warn_before_cut((source, &old), (target, &new)).await;
    Ok(())
}

/// Demands that the target is where the source lists it: that is where the source goes at the cut.
///
/// # Errors
///
/// Returns an error if another server answers there.
pub(crate) async fn demand_listed(
    at: &Replica,
    target: &Link,
    run: Option<&str>,
) -> Result<(), Failure> {
    let place = &target.place;
    if (&at.host, at.port) == (&place.host, place.port) || is_far(&at.host, &place.host) {
        return Ok(());
    }
    let found = run_at(place, &at.host, at.port).await;
    // Servers may reach each other where this command reaches neither.
    if found.is_none() || found.as_deref() == run {
        return Ok(());
    }
    let (server, at) = (place.address(), at.address());
    let text = format!(
        "the source lists {server} as {at}, where another server answers, so it would not find {server} \
        after the cut; nothing has moved; set `replica-announce-ip` and `replica-announce-port` on \
        {server} to the address that the config names, send it CLIENT KILL TYPE master so that it \
        connects again, and give the same command again"
    );
    Err(Failure::new(Code::NotPossible, text).at(&server))
}

fn unfit(server: &str, found: &str, advice: &str) -> Failure {
    let text = format!(
        "{server} would refuse calls after the cut: {found}; nothing has moved; {advice}, and give the \
        same command again"
    );
    Failure::new(Code::NotPossible, text).at(server)
}

/// A server that removes any key refuses no writes. One that removes only keys with a time to live refuses
/// them when it has no more of these, so it needs as much room as a source that does not remove more.
fn memory([old, new]: [&Seen; 2], used: u64, what: &str) -> Found {
    let most = new.max_memory;
    let takes_writes = match evicts(new) {
        0 => false,
        1 => evicts(old) <= 1 && (1..=most).contains(&old.max_memory),
        _ => true,
    };
    let found = (most > 0 && most < used && !takes_writes)
        .then(|| format!("`maxmemory` of the target is {most} bytes, and {what} {used}"));
    ("memory", found, "raise `maxmemory` of the target")
}

/// Returns what the target removes that the source would keep.
fn removed([old, new]: [&Seen; 2], used: u64, what: &str) -> [Found; 2] {
    let (most, policy) = (new.max_memory, &new.max_memory_policy);
    let is_refused = memory([old, new], used, what).1.is_some();
    // A cache that is full has a little more or less at times.
    let is_full = !is_refused && evicts(new) > 0 && most < used - used / 10;
    [
        (
            "memory",
            is_full.then(|| {
                format!(
                    "the target removes keys after the cut: its `maxmemory` is {most} bytes, and {what} \
                    {used}"
                )
            }),
            "raise `maxmemory` of the target if you want to keep them",
        ),
        (
            "eviction",
            (evicts(new) > evicts(old)).then(|| {
                format!(
                    "the target removes keys that the source would keep, if its memory is full: its \
                    `maxmemory-policy` is {policy}"
                )
            }),
            "set `maxmemory-policy` there as on the source",
        ),
    ]
}

/// All clients of the source come to the target.
fn clients(old: &Seen, new: &Seen) -> Found {
    let (most, now) = (new.max_clients, old.clients);
    let found = (most > 0 && most < now + ROOM)
        .then(|| format!("`maxclients` of the target is {most}, and the source has {now} clients; {ROOM} more are needed"));
    ("clients", found, "raise `maxclients` of the target")
}

/// A primary whose disk fails refuses writes, and a replica does not.
async fn disk(new: &Seen, target: &Link) -> Found {
    let is_saved = async |name: &str, value: fn(&str) -> bool| {
        let found = target.option(name).await;
        found.is_none_or(|found| value(&found))
    };
    let found = if new.has_append_failed {
        Some("its last write to its append-only file has failed")
    } else if new.has_save_failed
        && is_saved("stop-writes-on-bgsave-error", |value| value == "yes").await
        && is_saved("save", |value| !value.is_empty()).await
    {
        Some("its last BGSAVE has failed, and `stop-writes-on-bgsave-error` is yes")
    } else {
        None
    };
    let advice = "look at its disk and its log, and let a BGSAVE succeed there";
    ("disk", found.map(str::to_owned), advice)
}

/// Returns how much a server removes if its memory is full: nothing, keys with a time to live, or all.
fn evicts(seen: &Seen) -> u8 {
    match seen.max_memory_policy.split('-').next() {
        _ if seen.max_memory == 0 => 0,
        Some("volatile") => 1,
        Some("allkeys") => 2,
        _ => 0,
    }
}

/// A server must refuse writes while it is a replica: they would be lost.
///
/// # Errors
///
/// Returns an error if it would take them, or does not say it.
async fn demand_read_only(server: &Link, when: &str) -> Result<(), Failure> {
    let name = READ_ONLY;
    if server.demand_option(name).await? == "yes" {
        return Ok(());
    }
    let server = server.place.address();
    let text = format!(
        "{server} would take writes {when}, and they would be lost; nothing has moved; set `{name} yes` \
        there, and go on with `--resume`"
    );
    Err(Failure::new(Code::NotPossible, text).at(&server))
}
