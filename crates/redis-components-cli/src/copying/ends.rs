//! The end of a copy: given up, or finished.

use serde_json::json;

use super::checks::others;
use super::fence;
use super::program::{end_left_over, here};
use super::sight::Sight;
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::moving::preflight::checks::{users, warn_of_pings};
use crate::moving::records::lease::Lease;
use crate::moving::records::record::Record;
use crate::moving::servers::fence::{CLOSED, OPTION};
use crate::moving::standing::state::State;
use crate::moving::steps::ends::warn_of_unasked;
use crate::session::Session;
use crate::steps::Steps;
use crate::text::named;

/// Gives up a copy whose configs name the source. The source takes writes, and the target is empty, as it
/// was.
///
/// # Errors
///
/// Returns an error if the configs name the target, or the source cannot be given its writes.
pub(crate) async fn give_up(
    session: &Session,
    record: &Record,
    lease: &Lease,
    steps: &Steps,
) -> Result<Sight, Failure> {
    let sight = match Sight::of(session, record).await {
        Ok(sight) => sight,
        Err(mut failure) if failure.code == Code::MustDecide => {
            lease.demand()?;
            fence::lift(session, record).await?;
            failure.message = format!("the old server takes writes again; {}", failure.message);
            return Err(failure);
        }
        Err(failure) => return Err(failure),
    };
    if matches!(sight.state, State::Committed | State::Gone) {
        return Err(sight.wrong_state(session, record, "is over, and cannot be given up"));
    }
    steps.done(&sight.shown());
    steps.begin("abort", &json!({}));
    let note = record.copy.clone().unwrap_or_default();
    end_left_over(&record.id);
    if let Some(there) = note.program.filter(|there| *there != here()) {
        let host = there.split(' ').next().unwrap_or_default();
        warn(&format!(
            "the copying program was started on {host}, and may still write to the target; end it there"
        ));
    }
    lease.demand()?;
    // Calls that wait go on there.
    fence::lift(session, record).await?;
    session.withdraw(record).await?;
    lease.demand()?;
    empty(session, record, &sight).await;
    session.replace_record(Some(record), None).await?;
    Sight::of(session, record).await
}

/// Empties the target, which was empty when the move began.
async fn empty(session: &Session, record: &Record, sight: &Sight) {
    let target = match &sight.target {
        Ok(target) => target,
        Err(failure) => {
            let (_, server) = sight.addresses();
            warn(&format!(
                "{server} keeps what was copied, because it cannot be asked: {}; remove it with FLUSHALL there",
                failure.message
            ));
            return;
        }
    };
    // Somebody may have moved there since, by hand too.
    let used = match others(session, record, target).await {
        Ok(None) => None,
        Ok(Some(others)) => Some(format!("it has, or gets, the data of {others}")),
        Err(failure) => Some(failure.message),
    };
    if let Some(used) = used {
        let (_, server) = sight.addresses();
        warn(&format!(
            "{server} keeps what was copied, and was not emptied: {used}"
        ));
        return;
    }
    for link in &target.links {
        if let Err(failure) = link.query::<()>(&["FLUSHDB"]).await {
            let server = link.place.address();
            warn(&format!(
                "{server} keeps what was copied, because it could not be emptied: {}; remove it with FLUSHDB \
                there, as a user who may",
                failure.message
            ));
        }
    }
}

/// Looks whether the old servers are left.
///
/// # Errors
///
/// Returns an error if the move is not over, or somebody uses them.
pub(crate) async fn demand_nobody_left(
    session: &Session,
    record: &Record,
) -> Result<Sight, Failure> {
    let component = &*record.component;
    let sight = Sight::of(session, record).await?;
    if !matches!(sight.state, State::Committed | State::Gone) {
        return Err(sight.wrong_state(session, record, "is not over"));
    }
    if let Some(failure) = sight.refused() {
        let (source, _) = sight.addresses();
        warn_of_unasked(source, failure);
        return Ok(sight);
    }
    let source = match &sight.source {
        Ok(source) => source,
        Err(_) if sight.state == State::Gone => return Ok(sight),
        Err(_) => return Err(sight.wrong_state(session, record, "is not over")),
    };
    let used = |text: String| {
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        Err(failure.at(&session.server))
    };
    if let Some(others) = others(session, record, source).await? {
        let server = &source.address;
        let advice = others.advice("set their configs to another");
        return used(format!(
            "{server} still is the server of {others}; {advice}"
        ));
    }
    for link in &source.links {
        let left = users(link).await?;
        if !left.is_empty() {
            let who = named(left.into_iter().map(|client| client.address));
            let server = link.place.address();
            return used(format!(
                "{server} still has clients: {who}; look with `who {server}`"
            ));
        }
        warn_of_pings(&[link]).await?;
    }
    Ok(sight)
}

/// Returns what becomes of the old servers, for people.
pub(crate) fn epilogue(record: &Record, sight: &Sight) -> String {
    let (source, _) = sight.addresses();
    let note = record.copy.clone().unwrap_or_default();
    let before = note
        .fences
        .first()
        .map_or("0", |fence| fence.before.as_str());
    format!(
        "{source} may be stopped; it refuses writes until CONFIG SET {OPTION} {before} (now {CLOSED}), and its \
        data is old"
    )
}

/// Returns why a copy cannot be undone.
pub(crate) fn not_undoable(session: &Session, record: &Record, sight: &Sight) -> Failure {
    let component = &*record.component;
    let (source, _) = sight.addresses();
    let text = match sight.state {
        State::Committed | State::Gone => format!(
            "the move of `{component}` cannot be undone without loss: {source} does not get what was written \
            since; end it with `--finish`, empty {source}, give it its writes back with CONFIG SET {OPTION} 0, \
            and move back with `--to` and `--copy-with`"
        ),
        _ => format!(
            "`{component}` has not moved, so there is nothing to undo: {}",
            sight.advice()
        ),
    };
    let failure = Failure::new(Code::WrongState, text).of_component(component);
    failure.at(&session.server)
}
