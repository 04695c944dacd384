//! The end of a move: given up, or finished.

use serde_json::json;

use crate::failure::{Code, Failure};
use crate::lines::{warn, warn_once};
use crate::moving::preflight::checks::{users, warn_of_pings};
use crate::moving::records::lease::Lease;
use crate::moving::records::record::Record;
use crate::moving::servers::attach::detach;
use crate::moving::servers::earlier::close;
use crate::moving::servers::link::Link;
use crate::moving::servers::replication::Replica;
use crate::moving::servers::silence::Silence;
use crate::moving::standing::closed;
use crate::moving::standing::others::others;
use crate::moving::standing::sight::Sight;
use crate::moving::standing::state::State;
use crate::moving::steps::cut::give_writes_back;
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
            let mut record = record.clone();
            lease.demand()?;
            match (sight.state, sight.links()) {
                (State::Fenced, Ok((source, _))) => {
                    give_back(session, &mut record, source).await?;
                }
                _ => {
                    sight.reopen_source(&record).await?;
                    give_writes_back(session, &mut record, &sight).await?;
                }
            }
            // As it is now: the source takes writes again.
            sight.look(session, &record).await?;
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
    lease.demand()?;
    if sight.state == State::Fenced {
        let (source, _) = sight.links()?;
        // First of all: whatever fails later must not keep writes from the source.
        give_back(session, &mut record, source).await?;
        sight.look(session, &record).await?;
    }
    session.withdraw(&record).await?;
    // That may have taken a while.
    let known = sight.state;
    sight.look(session, &record).await?;
    demand_abortable(session, &record, &sight)?;
    let states = [known, sight.state];
    let are = |state: fn(State) -> bool| states.into_iter().all(state);
    if !are(State::is_uncut) && !are(State::is_unseen) {
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

/// Lets the source take writes again, to which the target has not taken over.
async fn give_back(session: &Session, record: &mut Record, source: &Link) -> Result<(), Failure> {
    let fence = record.fence.clone();
    session.note_uncut(record, fence).await?;
    closed::reopen(source, record).await
}

/// Demands that a move stands where it can be given up. A server that refuses the login for good must not
/// keep a move that has not cut from its end.
///
/// # Errors
///
/// Returns an error if it does not, or a person must decide.
pub(crate) fn demand_abortable(
    session: &Session,
    record: &Record,
    sight: &Sight,
) -> Result<(), Failure> {
    let advice = sight.advice();
    let can_pass = sight.state == State::Loading
        || sight.state == State::Refusing && (sight.may_be_cut || !sight.is_refused_for_good());
    let text = if sight.state.is_after_cut() || sight.state == State::Cutting {
        format!("the data has moved already: {advice}; abort is for before the cut")
    } else if can_pass {
        format!("it cannot be given up now: {advice}")
    } else if sight.state == State::Split || sight.state == State::Unreachable && sight.may_be_cut {
        return Err(sight.must_decide(&record.component));
    } else if sight.is_committed {
        format!("the configs name the new server already: {advice}; abort is for before the cut")
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
        // Whoever uses the server next must not lose data to a request that comes late.
        close(&target.place).await;
        let server = target.place.address();
        warn(&format!(
            "{server} keeps its copy of the data, because it could not be emptied: {}; remove it with \
            FLUSHALL and FUNCTION FLUSH there, as a user who may, unless others use the server by then",
            failure.message
        ));
    }
}

/// Returns what stays at the servers of a move that was given up while one was not seen.
fn left_over(sight: &Sight) -> String {
    let (source, target) = (&sight.source, &sight.target);
    let there = target.place.address();
    if target.seen.is_some() {
        return format!(
            "{}, so {there} keeps its copy and follows it; let it stand alone with REPLICAOF NO ONE when \
            you do not need the copy any more",
            source.why_unseen()
        );
    }
    let how =
        "let it stand alone with REPLICAOF NO ONE, and remove its copy of the data with FLUSHALL";
    if target.silence() == Some(Silence::NoAnswer) {
        return format!("{there} does not answer, so it was not emptied; if it comes back, {how}");
    }
    format!(
        "{}, so it was not emptied; if it still is the server of this move, {how}",
        target.why_unseen()
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
    let refuses = sight.refuses_at_end();
    if !matches!(sight.state, State::Committed | State::Gone) && refuses.is_none() {
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
    if let Some(failure) = refuses {
        warn_of_unasked(&sight.source.place.address(), failure);
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
        warn_of_replicas(&sight);
    }
    Ok(sight)
}

/// Warns of the replicas that the old server still has: they get nothing more once it is stopped.
fn warn_of_replicas(sight: &Sight) {
    let left = sight.source.replicas();
    if left.is_empty() {
        return;
    }
    let (server, target) = (sight.source.place.address(), &sight.target.place);
    let left = named(left.iter().map(Replica::address));
    warn_once(&format!(
        "{server} still has replicas: {left}; let them follow {} before you stop {server}: send each \
        `REPLICAOF {} {}`",
        target.address(),
        target.host,
        target.port
    ));
}

/// Warns that nobody knows who uses an old server, which refuses to say it for good.
pub(crate) fn warn_of_unasked(server: &str, failure: &Failure) {
    warn_once(&format!(
        "{server} is up and does not say who uses it: {}; the move ends without an answer, because the \
        configs name the new server; if {server} still is the old one, look at its clients before you \
        stop it",
        failure.message
    ));
}
