//! The end of a move: given up, or finished.

use serde_json::json;

use super::attach::detach;
use super::checks::{users, warn_of_pings};
use super::closed;
use super::cut::give_writes_back;
use super::lease::Lease;
use super::link::Link;
use super::others::others;
use super::record::Record;
use super::sight::Sight;
use super::state::State;
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::session::Session;
use crate::steps::Steps;
use crate::text::named;

/// Gives up a move that has not cut yet. The target is empty again, as it was when the move began. The
/// target of a move that goes back was not: it follows the source, and the move that it came from is
/// there again.
///
/// Returns the record that is left, or the one that was removed.
///
/// # Errors
///
/// Returns an error if it has, or may have: a target that does not answer may then have what the
/// source has not.
pub(crate) async fn give_up(
    session: &Session,
    record: &Record,
    lease: &Lease,
    steps: &Steps,
) -> Result<(Record, Sight), Failure> {
    let mut sight = Sight::new(record)?;
    if let Err(failure) = sight.look(session, record).await {
        if failure.code == Code::MustDecide {
            lease.demand()?;
            sight.reopen_source(record).await?;
            // As it is now: the source takes writes again.
            sight.look(session, record).await?;
        }
        return Err(failure);
    }
    let mut record = record.clone();
    if sight.state.is_unseen() {
        give_writes_back(session, &mut record, &sight).await?;
        sight.look(session, &record).await?;
    }
    demand_abortable(session, &record, &sight)?;
    steps.done(&sight.shown());
    steps.begin("abort", &json!({}));
    if sight.state == State::Split || sight.state == State::Unreachable && sight.may_be_cut {
        return Err(sight.must_decide(&record.component));
    }
    lease.demand()?;
    if sight.state == State::Fenced {
        let (source, _) = sight.links()?;
        // First of all: whatever fails later must not keep writes from the source.
        let fence = record.fence.clone();
        session.note_uncut(&mut record, fence).await?;
        closed::reopen(source, &record).await?;
        sight.look(session, &record).await?;
    }
    session.withdraw(&record).await?;
    // That may have taken a while.
    let known = sight.state;
    sight.look(session, &record).await?;
    let states = [known, sight.state];
    let are = |state: fn(State) -> bool| states.into_iter().all(state);
    if !are(State::is_uncut) && !are(|state| state == State::Unreachable) {
        let text = format!("the move has changed meanwhile: {}", sight.advice());
        return Err(refused(session, &record, text));
    }
    lease.demand()?;
    if record.is_back {
        let forward = record.back();
        session
            .replace_record(Some(&record), Some(&forward))
            .await?;
        let sight = Sight::of(session, &forward).await?;
        return Ok((forward, sight));
    }
    match (&sight.target.link, sight.state) {
        (Some(target), State::Copying | State::Synced) => {
            detach(target).await?;
            lease.demand()?;
            empty(target).await;
        }
        (Some(_), State::Planned) if sight.target.is_empty() => {}
        (Some(target), State::Planned) => {
            if let Some(kept) = sight.kept(session, &record).await {
                warn(&kept);
            } else {
                empty(target).await;
            }
        }
        _ => warn(&left_over(&sight)),
    }
    session.replace_record(Some(&record), None).await?;
    let sight = Sight::of(session, &record).await?;
    Ok((record, sight))
}

/// Demands that a move stands where it can be given up.
///
/// # Errors
///
/// Returns an error if it does not.
pub(crate) fn demand_abortable(
    session: &Session,
    record: &Record,
    sight: &Sight,
) -> Result<(), Failure> {
    let advice = sight.advice();
    let text = if sight.state.is_after_cut() || sight.state == State::Cutting {
        format!("the data has moved already: {advice}; abort is for before the cut")
    } else if matches!(sight.state, State::Loading | State::Refusing) {
        format!("it cannot be given up now: {advice}")
    } else {
        return Ok(());
    };
    Err(refused(session, record, text))
}

fn refused(session: &Session, record: &Record, text: String) -> Failure {
    let failure = Failure::new(Code::WrongState, text).of_component(&record.component);
    failure.at(&session.server)
}

/// Removes the copy of the data from a target that stands alone.
async fn empty(target: &Link) {
    let mut emptied = target.query::<()>(&["FLUSHALL"]).await;
    // What has none need not know or allow the command.
    if emptied.is_ok() && target.see().await.is_ok_and(|seen| seen.functions > 0) {
        emptied = target.query::<()>(&["FUNCTION", "FLUSH"]).await;
    }
    if let Err(failure) = emptied {
        let server = target.place.address();
        warn(&format!(
            "{server} keeps its copy of the data, because it could not be emptied: {}; remove it with \
            FLUSHALL and FUNCTION FLUSH there, as a user who may",
            failure.message
        ));
    }
}

/// Returns what stays at the servers of a move that was given up while one did not answer.
fn left_over(sight: &Sight) -> String {
    let (source, target) = (sight.source.place.address(), sight.target.place.address());
    if sight.target.seen.is_some() {
        return format!(
            "{source} does not answer, so {target} keeps its copy and follows it; let it stand alone \
            with REPLICAOF NO ONE when you do not need the copy any more"
        );
    }
    format!(
        "{target} does not answer, so it was not emptied; if it comes back, let it stand alone with \
        REPLICAOF NO ONE, and remove its copy of the data with FLUSHALL"
    )
}

/// Looks at both servers, and whether the move can be undone.
///
/// # Errors
///
/// Returns an error if it cannot.
pub(crate) async fn demand_undoable(session: &Session, record: &Record) -> Result<Sight, Failure> {
    let component = &*record.component;
    let sight = Sight::of(session, record).await?;
    if sight.state.can_be_undone() {
        return Ok(sight);
    }
    if sight.state == State::Split {
        return Err(sight.must_decide(component));
    }
    let text = format!(
        "the move of `{component}` cannot be undone now: {}",
        sight.advice()
    );
    let failure = Failure::new(Code::WrongState, text).of_component(component);
    Err(failure.at(&session.server))
}

/// Looks at both servers, and whether the old one is left.
///
/// # Errors
///
/// Returns an error if the move is not over, or somebody uses the old server.
pub(crate) async fn demand_nobody_left(
    session: &Session,
    record: &Record,
) -> Result<Sight, Failure> {
    let component = &*record.component;
    let sight = Sight::of(session, record).await?;
    if sight.state == State::Split {
        return Err(sight.must_decide(component));
    }
    if !matches!(sight.state, State::Committed | State::Gone) {
        let text = format!("the move of `{component}` is not over: {}", sight.advice());
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        return Err(failure.at(&session.server));
    }
    if let Some(others) = others(session, record, &[&sight.source.place]).await? {
        let server = sight.source.place.address();
        let advice = others.advice("set their configs to another");
        let text = format!("{server} still is the server of {others}; {advice}");
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        return Err(failure.at(&session.server));
    }
    if let Ok((source, _)) = sight.links() {
        let left = users(source).await?;
        if !left.is_empty() {
            let who = named(left.iter().map(|client| client.address.clone()));
            let text = format!(
                "{} still has clients: {who}; look with `who {}`",
                sight.source.place.address(),
                sight.source.place.address()
            );
            let failure = Failure::new(Code::WrongState, text).of_component(component);
            return Err(failure.at(&session.server));
        }
        warn_of_pings(&[source]).await?;
    }
    Ok(sight)
}
