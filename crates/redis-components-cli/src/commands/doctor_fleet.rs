//! What `doctor` finds in the receipts of a fleet.

use redis_components::receipts::{Mode, ReceiptState};

use crate::examined::{Check, State};
use crate::failure::{Code, Failure};
use crate::fleet::control::Canary;
use crate::fleet::receipts::{Receipts, Unreadable};
use crate::fleet::row::Row;
use crate::session::Session;
use crate::text::{counted, named};

/// Looks at the processes that report, and at those that do not.
pub(super) async fn fleet(session: &Session, components: &[String]) -> Result<Vec<Check>, Failure> {
    let receipts = match session.receipts(None).await {
        Ok(receipts) => receipts,
        Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
        Err(failure) => {
            let advice = "allow what is missing among `rights`";
            let check = Check::ok("receipts", failure.message);
            return Ok(vec![check.but(State::Warning, advice)]);
        }
    };
    let mut checks = vec![reporting(&receipts), silent(session, &receipts).await?];
    let rows: Vec<Row> = receipts.own().flat_map(Row::all).collect();
    checks.extend(unreadable(&receipts));
    checks.extend(troubled(&rows));
    checks.extend(canaries(session, components).await?);
    Ok(checks)
}

fn unreadable(receipts: &Receipts) -> Option<Check> {
    let found = receipts.unreadable();
    let advice = "nobody knows what they run: update this program, if they are of a later version, or \
        find out what else writes there";
    let check = Check::ok("unreadable receipts", Unreadable::all_shown(&found));
    (!found.is_empty()).then(|| check.but(State::Warning, advice))
}

fn reporting(receipts: &Receipts) -> Check {
    // Services in Python always poll.
    let polling = receipts.own().filter(|receipt| {
        let process = receipt.process();
        process.mode() == Mode::Poll && process.language() == "rust"
    });
    let polling: Vec<_> = polling.map(|receipt| receipt.process().member()).collect();
    let count = counted(receipts.own().count(), "process");
    let check = Check::ok("receipts", format!("of {count}"));
    if polling.is_empty() {
        return check;
    }
    let found = format!("of {count}; without pushes: {}", named(polling.into_iter()));
    let advice = "changes reach these at their next call only; allow +client|tracking, if it was \
        not switched off on purpose";
    Check::ok("receipts", found).but(State::Warning, advice)
}

async fn silent(session: &Session, receipts: &Receipts) -> Result<Check, Failure> {
    let name = "silent processes";
    let silent = match session.silent(receipts).await {
        Ok(silent) => silent,
        Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
        Err(_) => {
            let advice = "allow +client|id and +client|list";
            return Ok(Check::ok(name, "unknown").but(State::Warning, advice));
        }
    };
    if silent.is_empty() {
        return Ok(Check::ok(name, "none"));
    }
    let found = named(silent.iter().map(|silent| silent.shown()));
    let advice = "they watch configs and write no receipts: allow them +hset +expire +del +zadd \
        +zrem on redis-components:receipt:* and redis-components:fleet; one that is frozen, or has \
        receipts switched off, is silent too";
    Ok(Check::ok(name, found).but(State::Warning, advice))
}

/// Returns a check for each component that a process cannot use as its config says.
fn troubled(rows: &[Row]) -> Vec<Check> {
    let is_troubled = |row: &&Row| {
        let states = [ReceiptState::Refused, ReceiptState::Unreachable];
        states.iter().any(|state| state.name() == row.state)
    };
    let troubled: Vec<&Row> = rows.iter().filter(is_troubled).collect();
    let mut components: Vec<&str> = troubled.iter().map(|row| &*row.component).collect();
    components.sort_unstable();
    components.dedup();
    let check = |component: &str| {
        let who = troubled.iter().filter(|row| row.component == component);
        let who = who.map(|row| {
            let reason = row.reason.as_deref().unwrap_or("no reason given");
            format!("{} ({}: {reason})", row.process(), row.state)
        });
        let advice = format!("`fleet {component}` shows which config each process runs");
        let check = Check::ok(&format!("processes with {component}"), named(who));
        check.but(State::Problem, advice)
    };
    components.into_iter().map(check).collect()
}

async fn canaries(session: &Session, components: &[String]) -> Result<Vec<Check>, Failure> {
    let name = "control key";
    let control = match session.control().await {
        Ok(control) => control,
        Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
        Err(failure) => {
            let check = Check::ok(name, failure.message);
            return Ok(vec![check.but(State::Problem, "processes leave it out")]);
        }
    };
    let found = components.iter().filter_map(|component| {
        let name = format!("canary of {component}");
        let is_used = |canary: &Canary| canary.meaning().is_some();
        match control.canary(component).filter(is_used) {
            Some(canary) => {
                let found = format!("{} % of the processes", canary.percent);
                let advice = format!("end it with `canary {component} promote` or `abort`");
                Some(Check::ok(&name, found).but(State::Warning, advice))
            }
            None if control.has_canary(component) => {
                let found = "it has no config, or no percentage, that can be used";
                let advice = format!(
                    "processes leave it out; begin it anew with `canary {component}`, or remove it from the \
                    control key"
                );
                Some(Check::ok(&name, found).but(State::Problem, advice))
            }
            None => None,
        }
    });
    Ok(found.collect())
}

/// Looks at the key of digests.
pub(super) fn salt(session: &Session) -> Check {
    let name = "salt of digests";
    if session.salt.is_empty() {
        let advice = "digests leave out passwords until the first `set` makes one";
        Check::ok(name, "none yet").but(State::Warning, advice)
    } else {
        Check::ok(name, "there")
    }
}
