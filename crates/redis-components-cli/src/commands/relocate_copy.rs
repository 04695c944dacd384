//! `move --copy-with`: a program copies the data.

use serde_json::json;

use super::relocate_copy_dry_run;
use super::relocate_dry_run;
use super::relocate_followed::settled;
use super::relocate_options::Options;
use crate::context::Context;
use crate::copying::checks::preflight;
use crate::copying::drive::Drive;
use crate::copying::ends::{demand_nobody_left, epilogue, give_up, not_undoable};
use crate::copying::fence;
use crate::copying::plan::plan;
use crate::copying::program::Program;
use crate::copying::side::Side;
use crate::copying::sight::Sight;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::moving::records::copied::Copied;
use crate::moving::records::lease::{Lease, alone, alone_with};
use crate::moving::records::record::Record;
use crate::moving::standing::state::State;
use crate::moving::steps::ready::LIVES;
use crate::output::Reply;
use crate::session::Session;
use crate::text::named;
use crate::time::milliseconds;

/// Begins a move.
pub(super) async fn begin(
    context: &Context,
    session: &Session,
    options: &Options,
    (to, command): (&str, &str),
) -> Result<Reply, Failure> {
    let component = &*options.component;
    let program = Program { command };
    program.demand_runnable()?;
    let mut record = plan(session, component, &options.with, to).await?;
    if session.record(component).await?.is_some() {
        let text = format!(
            "a move of `{component}` is under way; look with `--status`, and go on with `--resume \
            --copy-with COMMAND`, or end it with `--finish` or `--abort` first"
        );
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        return Err(failure.at(&session.server));
    }
    context.steps.begin("preflight", &json!({}));
    let source = Side::connect(component, &record.old[component]).await?;
    let target = Side::connect(component, &record.new[component]).await?;
    let mut servers = [source.servers(), target.servers()].concat();
    servers.sort_unstable();
    servers.dedup();
    record.copy = Some(Copied {
        servers,
        ..Copied::default()
    });
    let checks = preflight(session, &record, &source, &target).await?;
    checks.say();
    let sight = Sight::of(session, &record).await?;
    let report = sight.report(&record, Some(&checks), None);
    if let Some(failure) = checks.failure(component) {
        return Ok(Reply::new(report, "").failed(Some(failure)));
    }
    context.steps.done(&checks.shown());
    if options.dry_run {
        return relocate_copy_dry_run::begin(session, options, &record, &sight, report).await;
    }
    let question = format!(
        "Copy the data of {} from {} to {} by `{command}`, and refuse writes meanwhile?",
        named(record.components().map(|name| format!("`{name}`"))),
        source.address,
        target.address
    );
    context.confirm(&question).await?;
    context.steps.begin("preflight", &json!({}));
    alone(session, &record, async |lease| {
        // Another move may have begun since.
        let checks = preflight(session, &record, &source, &target).await?;
        if let Some(failure) = checks.failure(component) {
            return Err(failure);
        }
        let record = lease.mark(&record);
        session.begin_record(&record).await?;
        context.steps.done(&json!({}));
        let moved = carry_on(context, session, options, record, program, lease).await;
        Reply::begun(moved)
    })
    .await
}

/// Does what the options say with a move that was begun.
pub(super) async fn go_on(
    context: &Context,
    session: &Session,
    options: &Options,
    record: &Record,
) -> Result<Reply, Failure> {
    let component = &*record.component;
    if options.abort {
        if options.dry_run {
            context.steps.begin("preflight", &json!({}));
            let sight = Sight::of(session, record).await?;
            let reply = relocate_copy_dry_run::abort(session, record, &sight).await?;
            context.steps.done(&json!({}));
            return Ok(reply);
        }
        let question = format!("Give up the move of `{component}`?");
        context.confirm(&question).await?;
        context.steps.begin("preflight", &json!({}));
        return alone_with(session, record, async |lease, record| {
            context.stage.set(Stage::Moving);
            let sight = give_up(session, &record, lease, &context.steps).await?;
            context.steps.done(&sight.shown());
            let line = format!("{component}: stays on {}", sight.addresses().0);
            Ok(Reply::new(sight.report(&record, None, None), line))
        })
        .await;
    }
    if options.finish {
        return finish(context, session, options, record).await;
    }
    let sight = Sight::of(session, record).await.map_err(|mut failure| {
        if failure.code == Code::MustDecide {
            let hint = "; if the old server refuses writes, `--abort` gives them back";
            failure.message.push_str(hint);
        }
        failure
    })?;
    if options.undo {
        return Err(not_undoable(session, record, &sight));
    }
    if options.resume || options.cut {
        let is_over = matches!(sight.state, State::Committed | State::Gone);
        let command = match &options.copy_with {
            Some(command) => command,
            None if is_over => "",
            None => {
                let text = format!(
                    "the move of `{component}` copies by a program, which is not kept; give it again: `move \
                    {component} --resume --copy-with COMMAND`"
                );
                return Err(Failure::usage(text));
            }
        };
        let program = Program { command };
        if !is_over {
            program.demand_runnable()?;
        }
        if options.dry_run {
            context.steps.begin("preflight", &json!({}));
            let reply = relocate_copy_dry_run::go_on(session, options, record, &sight).await?;
            context.steps.done(&json!({}));
            return Ok(reply);
        }
        let question = format!("Go on with the move of `{component}`?");
        context.confirm(&question).await?;
        context.steps.begin("preflight", &json!({}));
        return alone_with(session, record, async |lease, record| {
            context.stage.set(Stage::Moving);
            context.steps.done(&json!({}));
            carry_on(context, session, options, record, program, lease).await
        })
        .await;
    }
    let (source, target) = sight.addresses();
    let line = format!("{component}: {source} -> {target}, {}", sight.advice());
    Ok(Reply::new(sight.report(record, None, None), line))
}

/// Carries a move on, and waits for the fleet.
async fn carry_on(
    context: &Context,
    session: &Session,
    options: &Options,
    record: Record,
    program: Program<'_>,
    lease: &Lease,
) -> Result<Reply, Failure> {
    let mut drive = Drive {
        session,
        record,
        program,
        compare: options.compare.unwrap_or_default(),
        is_warm: options.warm_copy,
        timeout: options.timeout,
        ignores_silent: options.ignore_silent,
        lives: options.candidate_lives.unwrap_or(LIVES),
        steps: &context.steps,
        done: None,
    };
    let component = drive.record.component.clone();
    let ran = drive.run(lease).await;
    let sight = ran.map_err(|failure| failure.of_component(&component))?;
    let (record, done) = (&drive.record, drive.done);
    let settle = async {
        if let Ok(source) = &sight.source {
            fence::settle(source, &context.steps).await;
            session.note_settled(record).await;
        }
    };
    let failure = settled(context, session, options, record, settle).await;
    let (source, target) = sight.addresses();
    let refused = done.map(|(held, keys)| {
        let held = milliseconds(held);
        format!(", writes were refused for {held} ms, {keys} keys were compared")
    });
    let line = format!(
        "{}: {source} -> {target}{}; --finish ends the move",
        record.component,
        refused.unwrap_or_default()
    );
    Ok(Reply::new(sight.report(record, None, done), line).failed(failure))
}

async fn finish(
    context: &Context,
    session: &Session,
    options: &Options,
    record: &Record,
) -> Result<Reply, Failure> {
    let component = &*record.component;
    context.steps.begin("preflight", &json!({}));
    let sight = demand_nobody_left(session, record).await?;
    context.steps.done(&sight.shown());
    if options.dry_run {
        let source = sight.source.iter().filter(|_| !record.is_settled);
        let settled = source.flat_map(|source| source.all());
        let settled = settled.map(|(link, _)| link.place.address()).collect();
        let data = sight.report(record, None, None);
        return relocate_dry_run::finish(session, record, settled, data).await;
    }
    let question = format!("End the move of `{component}`?");
    context.confirm(&question).await?;
    context.steps.begin("preflight", &json!({}));
    alone_with(session, record, async |_, record| {
        let sight = demand_nobody_left(session, &record).await?;
        context.steps.done(&sight.shown());
        context.stage.set(Stage::Moving);
        if let (Ok(source), false) = (&sight.source, record.is_settled) {
            fence::settle(source, &context.steps).await;
        }
        context.steps.begin("finish", &json!({}));
        session.withdraw(&record).await?;
        session.replace_record(Some(&record), None).await?;
        context.steps.done(&json!({}));
        let line = format!("{component}: {}", epilogue(&record, &sight));
        Ok(Reply::new(sight.report(&record, None, None), line))
    })
    .await
}
