//! `move --copy-with --dry-run`: what would be sent where.

use serde_json::{Value, json};

use super::relocate_options::Options;
use crate::copying::sight::Sight;
use crate::failure::Failure;
use crate::moving::records::record::Record;
use crate::moving::servers::fence::{CLOSED, OPTION};
use crate::moving::standing::state::State;
use crate::moving::steps::script::Script;
use crate::output::Reply;
use crate::session::Session;
use crate::text::quoted;

/// Where the program runs.
const HERE: &str = "here";

/// Returns what a move would send that begins.
pub(super) async fn begin(
    session: &Session,
    options: &Options,
    record: &Record,
    sight: &Sight,
    data: Value,
) -> Result<Reply, Failure> {
    let mut script = Script::new(session, record).await?;
    script.take_lease();
    script.note(true);
    carry_on(&mut script, options, State::Planned, sight);
    Ok(reply(script, data))
}

/// Returns what `--resume` would send.
pub(super) async fn go_on(
    session: &Session,
    options: &Options,
    record: &Record,
    sight: &Sight,
) -> Result<Reply, Failure> {
    if sight.state == State::Unreachable {
        return Err(sight.unreachable());
    }
    let mut script = Script::new(session, record).await?;
    script.take_lease();
    script.note(false);
    carry_on(&mut script, options, sight.state, sight);
    Ok(reply(script, sight.report(record, None, None)))
}

/// Returns what `--abort` would send.
pub(super) async fn abort(
    session: &Session,
    record: &Record,
    sight: &Sight,
) -> Result<Reply, Failure> {
    if matches!(sight.state, State::Committed | State::Gone) {
        let failure = sight.wrong_state(session, record, "is over, and cannot be given up");
        return Err(failure);
    }
    let mut script = Script::new(session, record).await?;
    script.take_lease();
    script.note(false);
    for fence in record.copy.iter().flat_map(|note| &note.fences) {
        let lift = format!("CONFIG SET {OPTION} {}", fence.before);
        script.add(&fence.server, lift);
    }
    script.withdraw();
    for server in sight.target.iter().flat_map(|target| target.servers()) {
        script.add(&server, "FLUSHDB");
    }
    script.forget();
    Ok(reply(script, sight.report(record, None, None)))
}

/// Goes on from a state, as a copy does if each step succeeds.
fn carry_on(script: &mut Script<'_>, options: &Options, state: State, sight: &Sight) {
    let servers: Vec<_> = sight
        .source
        .iter()
        .flat_map(|source| source.all())
        .map(|(link, _)| link.place.address())
        .collect();
    let program = options.copy_with.as_deref().unwrap_or_default();
    let program = format!("sh -c {}", quoted(program));
    if !matches!(state, State::Committed | State::Gone) {
        let held = json!({"on": [], "hold": ["NOREPLICAS"]});
        script.offer(&held);
        if options.warm_copy && state != State::Fenced {
            script.note(false);
            script.add(HERE, &*program);
            script.note(false);
            script.offer(&held);
        }
        script.note(false);
        for server in &servers {
            script.add(server, format!("CONFIG SET {OPTION} {CLOSED}"));
        }
        script.add(HERE, program);
        script.commit();
        script.note(false);
    }
    for server in &servers {
        script.add(server, "CONFIG REWRITE");
    }
    script.note_settled();
    script.withdraw();
}

fn reply(mut script: Script<'_>, data: Value) -> Reply {
    script.release_lease();
    script.shown(data)
}
