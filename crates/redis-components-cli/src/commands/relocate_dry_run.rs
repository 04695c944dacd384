//! `move --dry-run`: what would be sent where.

use serde_json::Value;

use super::relocate_options::Options;
use crate::failure::Failure;
use crate::moving::preflight::fence;
use crate::moving::preflight::findings::Checks;
use crate::moving::records::record::Record;
use crate::moving::report::report;
use crate::moving::servers::attach::Replication;
use crate::moving::servers::fence::OPTION;
use crate::moving::servers::link::Link;
use crate::moving::servers::replication::Replica;
use crate::moving::servers::way::Way;
use crate::moving::standing::closed::{is_closed, is_parked};
use crate::moving::standing::sight::Sight;
use crate::moving::standing::state::State;
use crate::moving::steps::drive::Until;
use crate::moving::steps::ends::demand_abortable;
use crate::moving::steps::script::{Script, Servers};
use crate::moving::steps::settle::spared;
use crate::output::Reply;
use crate::session::Session;

/// Returns what a move would send that begins.
pub(super) async fn begin(
    session: &Session,
    record: &Record,
    sight: &Sight,
    (checks, replication, until): (&Checks, &Replication, Until),
) -> Result<Reply, Failure> {
    let servers = servers(record, sight.links()?.0, None).await?;
    // On the way on which every step succeeds, it is quick.
    let record = &Record {
        rewrite_ms: Some(0),
        ..record.clone()
    };
    let mut script = Script::new(session, record).await?;
    script.take_lease();
    script.add(&servers.target.address(), "CONFIG REWRITE");
    script.note(true);
    script.go_on(State::Planned, &servers, replication, until);
    script.release_lease();
    Ok(script.shown(report(record, sight, Some(checks), None)))
}

/// Returns what `--resume` and `--cut` would send.
pub(super) async fn go_on(
    session: &Session,
    options: &Options,
    record: &Record,
) -> Result<Reply, Failure> {
    let sight = Sight::of(session, record).await?;
    let mut script = Script::new(session, record).await?;
    let replication = match sight.state {
        State::Split => return Err(sight.must_decide(&record.component)),
        State::Loading | State::Refusing => return Err(sight.not_synced(&record.component)),
        // Nobody else needs a login.
        State::Planned => options.replication(record).await?,
        _ => Replication::default(),
    };
    script.take_lease();
    script.note(false);
    let servers = match sight.state {
        State::Gone => unseen(record)?,
        State::Fenced | State::TakenOver if sight.source.link.is_none() => unseen(record)?,
        _ => {
            let listed = sight.target.among(sight.source.replicas()).await;
            servers(record, sight.links()?.0, listed).await?
        }
    };
    script.go_on(sight.state, &servers, &replication, options.until());
    script.release_lease();
    Ok(script.shown(report(record, &sight, None, None)))
}

/// Returns what `--undo` would send.
pub(super) async fn undo(
    session: &Session,
    options: &Options,
    record: &Record,
    sight: &Sight,
) -> Result<Reply, Failure> {
    let (back_to, from) = sight.links()?;
    let mut back = record.back();
    let is_timed = sight.state == State::Committed;
    if is_timed {
        // On the way on which every step succeeds, it is quick.
        back.rewrite_ms = Some(0);
    }
    let servers = servers(
        &back,
        from,
        sight.source.among(sight.target.replicas()).await,
    )
    .await?;
    let mut script = Script::new(session, record).await?;
    script.take_lease();
    script.note(false);
    let server = servers.target.address();
    if let (Some(before), true) = (&record.fence, is_closed(back_to).await?) {
        script.add(&server, format!("CONFIG SET {OPTION} {before}"));
    }
    if is_timed {
        script.add(&server, "CONFIG REWRITE");
    } else {
        script.commit();
    }
    let mut script = script.of(&back);
    script.note(false);
    let replication = Replication::default();
    script.go_on(State::Synced, &servers, &replication, options.until());
    script.release_lease();
    Ok(script.shown(report(record, sight, None, None)))
}

/// Returns what `--abort` would send.
pub(super) async fn abort(session: &Session, record: &Record) -> Result<Reply, Failure> {
    let mut sight = Sight::of(session, record).await?;
    let lifted = lifted(record, &sight).await?;
    sight.may_be_cut &= lifted.is_none();
    demand_abortable(session, record, &sight)?;
    let (source, target) = (sight.source.place.address(), sight.target.place.address());
    let mut script = Script::new(session, record).await?;
    script.take_lease();
    script.note(false);
    if let Some(before) = lifted {
        script.note(false);
        script.add(&source, format!("CONFIG SET {OPTION} {before}"));
    }
    if let (Some(before), State::Fenced) = (&record.fence, sight.state) {
        if sight.source.is_role(is_parked) {
            script.add(&source, "REPLICAOF NO ONE");
        }
        if is_closed(sight.links()?.0).await? {
            script.add(&source, format!("CONFIG SET {OPTION} {before}"));
        }
    }
    script.withdraw();
    if record.is_back {
        script.note(false);
    } else {
        if sight.state.is_before_cut() || sight.state == State::Fenced {
            script.add(&target, "REPLICAOF NO ONE");
            empty(&mut script, &target, sight.source.has_functions());
        } else if sight.state == State::Planned
            && !sight.target.is_empty()
            && sight.kept(session, record).await.is_none()
        {
            empty(&mut script, &target, sight.target.has_functions());
        }
        script.forget();
    }
    script.release_lease();
    Ok(script.shown(report(record, &sight, None, None)))
}

/// Returns what a fence replaces that is taken away first, because the target does not say where it stands.
async fn lifted<'a>(record: &'a Record, sight: &Sight) -> Result<Option<&'a str>, Failure> {
    let (Some(source), None) = (&sight.source.link, &sight.target.link) else {
        return Ok(None);
    };
    let is_closed = sight.is_fenced
        && sight.source.is_primary()
        && !sight.source.is_handing_over()
        && is_closed(source).await?;
    Ok(record.fence.as_deref().filter(|_| is_closed))
}

fn empty(script: &mut Script<'_>, target: &str, has_functions: bool) {
    script.add(target, "FLUSHALL");
    if has_functions {
        script.add(target, "FUNCTION FLUSH");
    }
}

/// Returns the servers that `--finish` lets remember their roles first.
pub(super) fn settled(record: &Record, sight: &Sight) -> Vec<String> {
    let of_target = spared(record).is_none();
    let ends = [(&sight.source, true), (&sight.target, of_target)];
    ends.into_iter()
        .filter(|(end, is_asked)| *is_asked && !record.is_settled && end.link.is_some())
        .map(|(end, _)| end.place.address())
        .collect()
}

/// Returns what `--finish` would send, if it lets these servers remember their roles first.
pub(super) async fn finish(
    session: &Session,
    record: &Record,
    settled: Vec<String>,
    data: Value,
) -> Result<Reply, Failure> {
    let mut script = Script::new(session, record).await?;
    script.take_lease();
    script.note(false);
    for server in settled {
        script.add(&server, "CONFIG REWRITE");
    }
    script.withdraw();
    script.forget();
    script.release_lease();
    Ok(script.shown(data))
}

async fn servers(
    record: &Record,
    source: &Link,
    listed: Option<&Replica>,
) -> Result<Servers, Failure> {
    let seen = unseen(record)?;
    let way = Way::of(source).await?;
    let before = match (&record.fence, way) {
        (Some(before), _) => before.clone(),
        (None, Way::Fence) => fence::before(source).await?,
        (None, Way::Failover) => String::new(),
    };
    let is_closed = record.fence.is_some() && is_closed(source).await?;
    Ok(Servers {
        listed: listed.map_or(seen.listed, |at| (at.host.clone(), at.port)),
        way,
        before,
        is_closed,
        is_source_gone: false,
        ..seen
    })
}

/// Returns the servers of a move of which the old one is not asked.
fn unseen(record: &Record) -> Result<Servers, Failure> {
    let target = record.target()?;
    Ok(Servers {
        source: record.source()?,
        listed: record.listed_at(&target),
        target,
        way: Way::Failover,
        before: record.fence.clone().unwrap_or_default(),
        is_closed: false,
        is_source_gone: true,
    })
}
