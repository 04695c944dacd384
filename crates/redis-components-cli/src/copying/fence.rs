//! The fence of a copy: all servers of the source refuse writes until the configs name the target,
//! and from then on too.
//!
//! The replicas of a cluster get it too: one that takes over refuses writes then.
//!
//! It is `min-replicas-to-write`, with more replicas than there are. It refuses the writes of every
//! user at once, those of scripts before their first one, and of a transaction all or nothing. Rules of
//! an ACL do not: `NOPERM` may come in the middle of a script or transaction, after the first write.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::side::{Side, node_of};
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::moving::preflight::fence::{LIFT, left};
use crate::moving::records::copied::{Copied, Fenced};
use crate::moving::records::record::Record;
use crate::moving::servers::earlier;
use crate::moving::servers::fence::{CLOSED, LAG, OPTION};
use crate::moving::servers::link::{Link, Place};
use crate::moving::standing::closed::{demand_settable, is_closed};
use crate::session::Session;
use crate::steps::Steps;

/// Returns what the fence replaces at each server of the source. What it has replaced already is
/// `known`.
///
/// # Errors
///
/// Returns an error if a fence would not hold at one, or could not be taken away.
pub(crate) async fn plan(source: &Side, known: &[Fenced]) -> Result<Vec<Fenced>, Failure> {
    let mut fences = Vec::new();
    for (link, is_replica) in source.all() {
        let server = link.place.address();
        let refused = |text: String| Failure::new(Code::NotPossible, text).at(&server);
        let found = link.option(OPTION).await;
        let is_closed = found.as_deref() == Some(CLOSED);
        let before = if is_closed {
            let known = known.iter().find(|fence| fence.server == server);
            known.map(|fence| fence.before.clone())
        } else {
            found
        };
        let Some(before) = before else {
            return Err(refused(if is_closed {
                format!("{}; {LIFT}", left(&server))
            } else {
                format!("{server} does not say its `{OPTION}`; allow +config|get and +config|set")
            }));
        };
        let lag = link.option(LAG).await;
        if lag.is_none_or(|lag| lag == "0") {
            return Err(refused(format!(
                "{server} refuses no writes while its `min-replicas-max-lag` is 0; set it to 10 there"
            )));
        }
        let run = link.see().await?.run_id;
        fences.push(Fenced {
            server,
            before,
            run,
            is_replica,
        });
    }
    Ok(fences)
}

/// Demands that a fence can be set, and changes nothing.
///
/// # Errors
///
/// As [`plan`], and returns an error if a server does not let itself be set.
pub(crate) async fn demand_possible(source: &Side) -> Result<(), Failure> {
    plan(source, &[]).await?;
    for (link, _) in source.all() {
        demand_settable(link).await?;
    }
    Ok(())
}

/// Sets the fence, which must stand in the record.
///
/// # Errors
///
/// Returns an error if a server refuses. Others may be fenced then.
pub(super) async fn close(source: &Side) -> Result<(), Failure> {
    for (link, _) in source.all() {
        let () = link.query(&["CONFIG", "SET", OPTION, CLOSED]).await?;
    }
    Ok(())
}

/// Demands that nothing was written since the fence was set: the source has the same servers, each of
/// them fenced, and none was started again.
///
/// # Errors
///
/// Returns an error if something may have been written.
pub(super) async fn demand_held(source: &Side, note: &Copied) -> Result<(), Failure> {
    let primaries = || note.fences.iter().filter(|fence| !fence.is_replica);
    if source.links.len() != primaries().count() {
        return Err(broken(&source.address, "has other primaries"));
    }
    for link in &source.links {
        let server = link.place.address();
        let Some(known) = primaries().find(|fence| fence.server == server) else {
            return Err(broken(&source.address, "has other primaries"));
        };
        if link.see().await?.run_id != known.run {
            return Err(broken(&server, "was started again"));
        }
        if !is_closed(link).await? {
            return Err(broken(&server, "was given writes back"));
        }
    }
    Ok(())
}

fn broken(server: &str, what: &str) -> Failure {
    let text =
        format!("{server} {what} while its data was copied, and may have taken writes since");
    Failure::new(Code::WrongState, text).at(server)
}

/// Takes the fence away wherever it is, and leaves what was before.
///
/// # Errors
///
/// Returns an error that says that a server refuses writes.
pub(crate) async fn lift(session: &Session, record: &Record) -> Result<(), Failure> {
    let mut failed = None;
    for fence in fences(record) {
        let lifting = async {
            let link = earlier::connect(&place(record, fence)?).await?;
            if is_closed(&link).await? {
                let () = link
                    .query(&["CONFIG", "SET", OPTION, &fence.before])
                    .await?;
            }
            Ok(())
        };
        if let Err(failure) = lifting.await {
            let failure: Failure = failure;
            if fence.is_replica {
                warn(&format!(
                    "the replica {} would refuse writes if it took over: {}; when it answers again, do CONFIG \
                    SET {OPTION} {} there",
                    fence.server, failure.message, fence.before
                ));
                continue;
            }
            let text = format!(
                "{} may refuse writes, because it could not be given them back: {}; do it with `--abort`, \
                or with CONFIG SET {OPTION} {} there; if it is gone for good, forget the move by deleting \
                `{}` on the config server",
                fence.server,
                failure.message,
                fence.before,
                record
                    .components()
                    .map(|component| session.names.record(component))
                    .collect::<Vec<_>>()
                    .join("` and `")
            );
            failed = Some(Failure::new(failure.code, text).at(&fence.server));
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Returns whether any server of the source has the fence, and whether all have it.
///
/// # Errors
///
/// Returns an error if a server does not answer.
pub(super) async fn look(source: &Side) -> Result<(bool, bool), Failure> {
    let (mut any, mut all) = (false, true);
    for link in &source.links {
        let is_closed = is_closed(link).await?;
        (any, all) = (any || is_closed, all && is_closed);
    }
    Ok((any, all))
}

/// Lets the old servers refuse writes when they start again too.
pub(crate) async fn settle(source: &Side, steps: &Steps) {
    steps.begin("settle", &json!({}));
    let mut forgetful = Vec::new();
    for (link, _) in source.all() {
        if let Err(failure) = keep(link).await {
            let server = link.place.address();
            warn(&format!(
                "{server} does not remember that it refuses writes: {}; do not start it again before the move \
                is finished",
                failure.message
            ));
            forgetful.push(server);
        }
    }
    steps.done(&json!({"forgetful": forgetful}));
}

/// Keeps the fence of a server, when it starts again too.
///
/// # Errors
///
/// Returns an error if it refuses, for example because it has no config file.
async fn keep(link: &Link) -> Result<(), Failure> {
    if !is_closed(link).await? {
        let () = link.query(&["CONFIG", "SET", OPTION, CLOSED]).await?;
    }
    link.query(&["CONFIG", "REWRITE"]).await
}

/// Returns for how long writes have been refused.
pub(crate) fn held(note: &Copied) -> Duration {
    Duration::from_millis(now().saturating_sub(note.fenced_at))
}

/// Returns the time in milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// Returns `true` if a primary of the source refuses writes by the fence.
///
/// # Errors
///
/// Returns an error if one does not say it.
pub(super) async fn is_left(record: &Record) -> Result<bool, Failure> {
    for fence in fences(record).iter().filter(|fence| !fence.is_replica) {
        if is_closed(&place(record, fence)?.connect().await?).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn fences(record: &Record) -> &[Fenced] {
    record.copy.as_ref().map_or(&[], |note| &note.fences)
}

fn place(record: &Record, fence: &Fenced) -> Result<Place, Failure> {
    let component = &*record.component;
    let text = record.old.get(component).map_or("{}", String::as_str);
    node_of(component, text, &fence.server)
}
