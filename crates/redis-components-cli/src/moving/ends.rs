//! The end of a move: given up, or finished.

use super::attach::detach;
use super::checks::{shared, users};
use super::closed::{self, is_closed};
use super::cut::give_writes_back;
use super::lease::Lease;
use super::record::Record;
use super::sight::Sight;
use super::state::State;
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::session::Session;
use crate::text::named;

/// Gives up a move that has not cut yet. The target is empty again, as it was.
///
/// # Errors
///
/// Returns an error if it has, or may have: a target that does not answer may then have what the
/// source has not.
pub(crate) async fn give_up(
    session: &Session,
    record: &Record,
    lease: &Lease,
) -> Result<Sight, Failure> {
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
    if sight.state.is_after_cut() || sight.state == State::Cutting {
        let text = format!(
            "the data has moved already: {}; abort is for before the cut",
            sight.state.advice()
        );
        let failure = Failure::new(Code::WrongState, text).of_component(&record.component);
        return Err(failure.at(&session.server));
    }
    if sight.state == State::Loading {
        let text = format!("it cannot be given up now: {}", sight.state.advice());
        let failure = Failure::new(Code::WrongState, text).of_component(&record.component);
        return Err(failure.at(&session.server));
    }
    let mut record = record.clone();
    if sight.state == State::Unreachable {
        // The fence proves that the target has not taken over, and goes now.
        if record.may_be_cut && is_fenced_primary(&sight).await? {
            let noted = Record {
                may_be_cut: false,
                ..record.clone()
            };
            let known = Some(&record);
            session.replace_record(known, Some(&noted)).await?;
            record = noted;
        }
        give_writes_back(session, &record, &sight).await?;
    }
    let record = &record;
    if sight.state == State::Split || sight.state == State::Unreachable && record.may_be_cut {
        return Err(sight.must_decide(&record.component));
    }
    lease.demand()?;
    session.withdraw(record).await?;
    // That may have taken a while.
    let known = sight.state;
    sight.look(session, record).await?;
    if sight.state != known {
        let text = format!("the move has changed meanwhile: {}", sight.state.advice());
        let failure = Failure::new(Code::WrongState, text).of_component(&record.component);
        return Err(failure.at(&session.server));
    }
    lease.demand()?;
    if sight.state == State::Fenced {
        closed::reopen(sight.links()?.0, record).await?;
    }
    if sight.state.is_before_cut() || sight.state == State::Fenced {
        let (_, target) = sight.links()?;
        detach(target).await?;
        lease.demand()?;
        // It was empty when the move began.
        if let Err(failure) = target.query::<()>(&["FLUSHALL"]).await {
            let server = target.place.address();
            warn(&format!(
                "{server} keeps its copy of the data, because it could not be emptied: {}; remove it \
                with FLUSHALL there, as a user who may",
                failure.message
            ));
        }
    }
    if sight.state == State::Unreachable {
        warn(&left_over(&sight));
    }
    session.replace_record(Some(record), None).await?;
    Sight::of(session, record).await
}

/// Returns what stays at the servers of a move that was given up while one did not answer.
fn left_over(sight: &Sight) -> String {
    let (source, target) = (sight.source.place.address(), sight.target.place.address());
    if sight.target.link.is_some() {
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

/// Returns `true` if the source refuses writes only because of the fence, and has not been started
/// again since: the target does not take over before the source is a replica.
async fn is_fenced_primary(sight: &Sight) -> Result<bool, Failure> {
    match &sight.source.link {
        Some(source) if sight.source.is_primary() => is_closed(source).await,
        _ => Ok(false),
    }
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
    let text = format!(
        "the move of `{component}` cannot be undone now: {}",
        sight.state.advice()
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
    if !matches!(sight.state, State::Committed | State::Gone) {
        let text = format!(
            "the move of `{component}` is not over: {}",
            sight.state.advice()
        );
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        return Err(failure.at(&session.server));
    }
    if let Some(others) = shared(session, record, &sight.source.place).await? {
        let server = sight.source.place.address();
        let text =
            format!("{server} still is the server of {others}; set their configs to another");
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
    }
    Ok(sight)
}
