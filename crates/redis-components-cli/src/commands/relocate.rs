//! `move`: move the data of a component to another server, and the component with it.

use serde_json::json;

use super::fail_over::{Wish, fail_over};
use super::relocate_copy;
use super::relocate_dry_run;
use super::relocate_end::{abort, finish, withdraw};
use super::relocate_followed::settled;
use super::relocate_options::Options;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::interrupt::Stage;
use crate::moving::preflight::checks::preflight;
use crate::moving::preflight::target::{demand_fit, warn_before_cut};
use crate::moving::records::lease::{Lease, alone, alone_with};
use crate::moving::records::plan::{address, plan};
use crate::moving::records::record::Record;
use crate::moving::report::report;
use crate::moving::servers::attach::Replication;
use crate::moving::servers::service::Service;
use crate::moving::standing::closed::{demand_takes_writes_alone, is_closed, lift};
use crate::moving::standing::sight::Sight;
use crate::moving::standing::state::State;
use crate::moving::steps::drive::{Drive, Until};
use crate::moving::steps::ends::demand_undoable;
use crate::moving::steps::settle::{settle, time};
use crate::output::Reply;
use crate::session::Session;
use crate::subject::utf8;
use crate::text::named;
use crate::time::milliseconds;

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let outcome = carry_out(context, options).await;
    outcome.map_err(|failure| match context.stage.get() {
        Stage::Moving => stays(failure, &options.component),
        _ => failure,
    })
}

/// Adds to a failure of a move that has begun how to go on, if it does not say it.
fn stays(mut failure: Failure, component: &str) -> Failure {
    if !failure.message.contains("--") {
        let hint = format!(
            "; the move stays where it is: look with `move {component} --status`, and go on from there"
        );
        failure.message.push_str(&hint);
    }
    failure.of_component(component)
}

async fn carry_out(context: &Context, options: &Options) -> Result<Reply, Failure> {
    options.demand_program()?;
    let session = context.session().await?;
    let component = &*options.component;
    if options.copy_with.is_some() && options.to.is_none() && !options.resume {
        let text = "--copy-with is for --to, and for --resume of a move that copies";
        return Err(Failure::usage(text));
    }
    if let Some(to) = &options.to {
        if let Some(command) = &options.copy_with {
            return relocate_copy::begin(context, &session, options, (to, command)).await;
        }
        return begin(context, &session, options, to).await;
    }
    let Some(record) = session.record(component).await? else {
        if options.abort
            && let Some(left) = session.left_over(component).await?
        {
            return withdraw(context, &session, options, &left).await;
        }
        let text = format!(
            "no move of `{component}` is under way; begin one with `move {component} --to`"
        );
        let failure = Failure::new(Code::NoMove, text).of_component(component);
        return Err(failure.at(&session.server));
    };
    if record.copy.is_some() {
        options.demand_for_copy()?;
        return relocate_copy::go_on(context, &session, options, &record).await;
    }
    if options.copy_with.is_some() {
        let text = format!("the move of `{component}` replicates; go on without --copy-with");
        return Err(Failure::usage(text));
    }
    if options.abort {
        return abort(context, &session, options, &record).await;
    }
    if options.finish {
        return finish(context, &session, options, &record).await;
    }
    // An undo that did not finish goes on: it moves, or waits for the fleet.
    let goes_back = options.undo && record.is_back && {
        let state = Sight::of(&session, &record).await?.state;
        !matches!(state, State::Committed | State::Gone) || session.is_offered(&record).await?
    };
    if options.undo && !goes_back {
        return undo(context, &session, options, &record).await;
    }
    if options.resume || options.cut || goes_back {
        if options.dry_run {
            context.steps.begin("preflight", &json!({}));
            let reply = relocate_dry_run::go_on(&session, options, &record).await?;
            context.steps.done(&json!({}));
            return Ok(reply);
        }
        let question = format!("Go on with the move of `{component}`?");
        context.confirm(&question).await?;
        context.steps.begin("preflight", &json!({}));
        return alone_with(&session, &record, async |lease, record| {
            context.stage.set(Stage::Moving);
            context.steps.done(&json!({}));
            let goal = (options.until(), options.replication(&record).await);
            carry_on(context, &session, options, record, goal, lease).await
        })
        .await;
    }
    let sight = Sight::of(&session, &record).await?;
    let line = format!(
        "{component}: {} -> {}, {}",
        sight.source.place.address(),
        sight.target.place.address(),
        sight.advice()
    );
    let failure = (sight.state == State::Split).then(|| sight.must_decide(component));
    Ok(Reply::new(report(&record, &sight, None, None), line).failed(failure))
}

async fn begin(
    context: &Context,
    session: &Session,
    options: &Options,
    to: &str,
) -> Result<Reply, Failure> {
    let component = &*options.component;
    let found = utf8(session.config_of(component).await?, component)?;
    if let Some(service) = Service::of_config(component, &found) {
        let Some(to) = &address(to) else {
            let text = format!(
                "the config of `{component}` names sentinels and stays; name one of their replicas with --to \
                HOST:PORT"
            );
            return Err(Failure::usage(text));
        };
        options.demand_for_sentinels()?;
        let wish = Wish {
            to,
            accepts_loss: options.accept_loss,
            is_dry_run: options.dry_run,
            timeout: options.timeout,
        };
        return fail_over(context, session, &service, &wish).await;
    }
    options.demand_for_servers()?;
    let record = plan(session, component, &options.with, to).await?;
    if let Some(known) = session.record(component).await? {
        if known.copy.is_none() && known.source()?.is_same(&record.target()?).await {
            options.demand_components_of(&known)?;
            return undo(context, session, options, &known).await;
        }
        let target = known.target().map(|target| target.address());
        let text = format!(
            "a move of `{component}` to {} is under way; look with `--status`, and end it with \
            `--finish`, `--undo` or `--abort` first",
            target.as_deref().unwrap_or("a cluster")
        );
        let failure = Failure::new(Code::WrongState, text).of_component(component);
        return Err(failure.at(&session.server));
    }
    context.steps.begin("preflight", &json!({}));
    let replication = options.replication(&record).await?;
    let (source, target) = (record.source()?, record.target()?);
    let (source, target) = (source.connect().await?, target.connect().await?);
    let checks = preflight(session, &record, (&source, &target), Some(&replication)).await?;
    let sight = match Sight::of(session, &record).await {
        // Another command has moved it, or written its config.
        Err(failure) if failure.code == Code::MustDecide => {
            let text = format!("the config of `{component}` has changed meanwhile; try again");
            let failure = Failure::new(Code::DigestDiffers, text).of_component(component);
            return Err(failure.at(&session.server));
        }
        sight => sight?,
    };
    checks.say();
    if let Some(failure) = checks.failure(component) {
        let data = report(&record, &sight, Some(&checks), None);
        return Ok(Reply::new(data, "").failed(Some(failure)));
    }
    context.steps.done(&checks.shown());
    if options.dry_run {
        let goal = (&checks, &replication, options.until());
        return relocate_dry_run::begin(session, &record, &sight, goal).await;
    }
    let question = format!(
        "Move the data of {} from {} to {}?",
        named(record.components().map(|name| format!("`{name}`"))),
        sight.source.place.address(),
        sight.target.place.address()
    );
    context.confirm(&question).await?;
    context.steps.begin("preflight", &json!({}));
    alone(session, &record, async |lease| {
        // Another move may have begun since.
        let checks = preflight(session, &record, (&source, &target), Some(&replication)).await?;
        if let Some(failure) = checks.failure(component) {
            return Err(failure);
        }
        let record = Record {
            rewrite_ms: Some(time(&target).await),
            ..lease.mark(&record)
        };
        session.begin_record(&record).await?;
        context
            .steps
            .done(&json!({"rewrite_ms": record.rewrite_ms}));
        let goal = (options.until(), Ok(replication));
        let moved = carry_on(context, session, options, record, goal, lease).await;
        Reply::begun(moved)
    })
    .await
}

/// Carries a move on, and waits for the fleet.
async fn carry_on(
    context: &Context,
    session: &Session,
    options: &Options,
    record: Record,
    (until, replication): (Until, Result<Replication, Failure>),
    lease: &Lease,
) -> Result<Reply, Failure> {
    let mut drive = Drive {
        session,
        record,
        replication,
        until,
        timeout: options.timeout,
        ignores_silent: options.ignore_silent,
        steps: &context.steps,
        held: None,
    };
    let sight = drive.run(lease).await?;
    let (record, held) = (&drive.record, drive.held);
    let component = &*record.component;
    if until != Until::Committed {
        let line = format!("{component}: {}", sight.advice());
        return Ok(Reply::new(report(record, &sight, None, held), line));
    }
    let settle = async {
        settle(&sight, record, &context.steps).await;
        // A server that does not answer now may come back as it was.
        if sight.links().is_ok() {
            session.note_settled(record).await;
        }
    };
    let failure = settled(context, session, options, record, settle).await;
    let held_for = held.map(|held| format!(", writes were held for {} ms", milliseconds(held)));
    let next = if sight.state == State::Gone {
        "the old server does not answer; --finish ends the move"
    } else {
        "--finish ends the move, --undo goes back without loss"
    };
    let line = format!(
        "{component}: {} -> {}{}; {next}",
        sight.source.place.address(),
        sight.target.place.address(),
        held_for.unwrap_or_default()
    );
    Ok(Reply::new(report(record, &sight, None, held), line).failed(failure))
}

async fn undo(
    context: &Context,
    session: &Session,
    options: &Options,
    record: &Record,
) -> Result<Reply, Failure> {
    context.steps.begin("preflight", &json!({}));
    let sight = demand_undoable(session, record).await?;
    if options.dry_run {
        let (back_to, from) = sight.links()?;
        // A fence that was left over is taken away first.
        if !is_closed(back_to).await? {
            demand_takes_writes_alone(back_to).await?;
        }
        demand_fit(&record.back(), from, back_to).await?;
        context.steps.done(&json!({}));
        return relocate_dry_run::undo(session, options, record, &sight).await;
    }
    let (back_to, from) = sight.links()?;
    let (there, here) = (back_to.see().await?, from.see().await?);
    warn_before_cut((from, &here), (back_to, &there)).await;
    context.steps.done(&json!({}));
    let question = format!(
        "Move `{}` back to {}?",
        record.component,
        sight.source.place.address()
    );
    context.confirm(&question).await?;
    context.steps.begin("preflight", &json!({}));
    alone_with(session, record, async |lease, record| {
        context.stage.set(Stage::Moving);
        let sight = demand_undoable(session, &record).await?;
        // The server to go back to must take writes.
        let (back_to, _) = sight.links()?;
        lift(back_to, &record).await?;
        demand_takes_writes_alone(back_to).await?;
        let mut back = record.back();
        // Until the configs name the other server, calls begin at this one, and would wait for it.
        if sight.state == State::Committed {
            back.rewrite_ms = Some(time(back_to).await);
        }
        context.steps.done(&json!({"rewrite_ms": back.rewrite_ms}));
        if sight.state == State::Cut {
            // The configs still name the server to go back to.
            context.steps.begin("commit", &json!({}));
            session.commit_move(&record, "data moved").await?;
            context.steps.done(&json!({}));
        }
        let goal = (options.until(), options.replication(&back).await);
        session.replace_record(Some(&record), Some(&back)).await?;
        carry_on(context, session, options, back, goal, lease).await
    })
    .await
}
