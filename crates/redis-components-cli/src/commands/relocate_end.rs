//! `move --abort` and `move --finish`.

use serde_json::json;

use super::relocate_dry_run;
use super::relocate_options::Options;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::Stage;
use crate::moving::records::lease::alone_with;
use crate::moving::records::record::Record;
use crate::moving::report::report;
use crate::moving::steps::ends::{demand_nobody_left, give_up};
use crate::moving::steps::script::Script;
use crate::moving::steps::settle::settle;
use crate::output::Reply;
use crate::session::Session;
use crate::text::named;

/// Gives up a move that has not cut yet.
pub(crate) async fn abort(
    context: &Context,
    session: &Session,
    options: &Options,
    record: &Record,
) -> Result<Reply, Failure> {
    let component = &*record.component;
    if options.dry_run {
        context.steps.begin("preflight", &json!({}));
        let reply = relocate_dry_run::abort(session, record).await?;
        context.steps.done(&json!({}));
        return Ok(reply);
    }
    let question = format!("Give up the move of `{component}`?");
    context.confirm(&question).await?;
    context.steps.begin("preflight", &json!({}));
    alone_with(session, record, async |lease, record| {
        context.stage.set(Stage::Moving);
        let stays = record.source()?.address();
        let (left, sight) = give_up(session, &record, lease, &context.steps).await?;
        context.steps.done(&sight.shown());
        let more = if record.is_back {
            format!(", {}", sight.advice())
        } else {
            String::new()
        };
        let line = format!("{component}: stays on {stays}{more}");
        Ok(Reply::new(report(&left, &sight, None, None), line))
    })
    .await
}

/// Takes the candidates away that a move has left whose record is gone.
pub(crate) async fn withdraw(
    context: &Context,
    session: &Session,
    options: &Options,
    left: &Record,
) -> Result<Reply, Failure> {
    let component = &*left.component;
    let names = named(left.components().map(|name| format!("`{name}`")));
    if options.dry_run {
        let mut script = Script::new(session, left).await?;
        script.withdraw();
        return Ok(script.shown(json!({"component": component, "withdrawn": left.id})));
    }
    let question = format!(
        "No record of a move of `{component}` is there. Take away the candidate that one has left of {names}?"
    );
    context.confirm(&question).await?;
    context.stage.set(Stage::Moving);
    session.withdraw(left).await?;
    let line = format!(
        "{component}: the candidate {} of {names} is gone, which a move without a record had left; nothing else \
        was changed",
        left.id
    );
    Ok(Reply::new(
        json!({"component": component, "withdrawn": left.id}),
        line,
    ))
}

/// Ends a move: the old server may be stopped then.
pub(crate) async fn finish(
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
        let data = report(record, &sight, None, None);
        let settled = relocate_dry_run::settled(record, &sight);
        return relocate_dry_run::finish(session, record, settled, data).await;
    }
    let question = format!("End the move of `{component}`? It cannot be undone then.");
    context.confirm(&question).await?;
    context.steps.begin("preflight", &json!({}));
    alone_with(session, record, async |_, record| {
        let sight = demand_nobody_left(session, &record).await?;
        context.steps.done(&sight.shown());
        context.stage.set(Stage::Moving);
        if !record.is_settled {
            settle(&sight, &record, &context.steps).await;
        }
        context.steps.begin("finish", &json!({}));
        session.withdraw(&record).await?;
        session.replace_record(Some(&record), None).await?;
        context.steps.done(&json!({}));
        let line = format!(
            "{component}: {} may be stopped",
            sight.source.place.address()
        );
        let mut data = report(&record, &sight, None, None);
        data["can_be_undone"] = json!(false);
        Ok(Reply::new(data, line))
    })
    .await
}
