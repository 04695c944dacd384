//! `move`: move the data of a component to another server, and the component with it.

use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;

use super::fail_over::{Wish, fail_over};
use super::relocate_copy;
use super::relocate_end::{abort, finish};
use crate::complete::components;
use crate::context::{Context, secret_argument};
use crate::copying::compare::Compare;
use crate::failure::{Code, Failure};
use crate::fleet::follow::{End, Goal, follow};
use crate::interrupt::Stage;
use crate::moving::attach::{Login, Replication};
use crate::moving::checks::preflight;
use crate::moving::closed::lift;
use crate::moving::drive::{Drive, Until, milliseconds};
use crate::moving::ends::demand_undoable;
use crate::moving::lease::{Lease, alone, alone_with};
use crate::moving::plan::{address, logins, plan};
use crate::moving::record::Record;
use crate::moving::report::report;
use crate::moving::service::Service;
use crate::moving::sight::Sight;
use crate::moving::state::State;
use crate::output::{Reply, warn};
use crate::session::Session;
use crate::subject::utf8;
use crate::text::named;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    pub(super) component: String,
    /// The server to move to: its address, a file with its config, or the JSON of it.
    #[arg(long, value_name = "HOST:PORT|FILE|JSON", group = "what")]
    to: Option<String>,
    /// Show where the move stands.
    #[arg(long, group = "what")]
    status: bool,
    /// Cut now, after `--until`.
    #[arg(long, group = "what")]
    pub(super) cut: bool,
    /// Go on with a move that was interrupted.
    #[arg(long, group = "what")]
    pub(super) resume: bool,
    /// Give up a move that has not cut yet.
    #[arg(long, group = "what")]
    pub(super) abort: bool,
    /// Move back, with all that was written since.
    #[arg(long, group = "what")]
    pub(super) undo: bool,
    /// End the move: the old server may be stopped then.
    #[arg(long, group = "what")]
    pub(super) finish: bool,
    /// The other components whose data is on the same server.
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',', requires = "to")]
    pub(super) with: Vec<String>,
    /// Let `sh` run this command to copy the data, where servers cannot replicate each other. Writes are
    /// refused meanwhile.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["until", "accept_loss", "replication_user", "replication_password"])]
    pub(super) copy_with: Option<String>,
    /// Run the command once before writes are refused too.
    #[arg(long, requires = "copy_with")]
    pub(super) warm_copy: bool,
    /// How much of the copy is compared before the configs change.
    #[arg(long, value_enum, default_value = "all", requires = "copy_with")]
    pub(super) compare: Compare,
    /// Stop before the cut.
    #[arg(long, value_enum, requires = "to")]
    until: Option<Stop>,
    /// How long to wait for the copy, and then for the processes.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "5m")]
    pub(super) timeout: Duration,
    /// Do not wait for processes that watch configs and do not report.
    #[arg(long)]
    pub(super) ignore_silent: bool,
    /// The user with which servers replicate, by default that of the config.
    #[arg(long, value_name = "NAME", requires = "replication_password")]
    replication_user: Option<String>,
    /// `-` to be asked for that user's password, or `@FILE`.
    #[arg(long, value_name = "-|@FILE")]
    replication_password: Option<String>,
    /// Let sentinels fail over although writes may be lost that the old server acknowledges meanwhile.
    #[arg(long, requires = "to")]
    accept_loss: bool,
    /// Look whether the move can begin, and change nothing.
    #[arg(long, requires = "to")]
    pub(super) dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Stop {
    /// When the target has a copy.
    Synced,
    /// When all processes are ready for it too.
    Prepared,
}

impl Options {
    /// Returns the logins with which the servers replicate each other.
    async fn replication(&self, record: &Record) -> Result<Replication, Failure> {
        match &self.replication_password {
            Some(password) => {
                let login = Login {
                    user: self.replication_user.clone(),
                    password: Some(secret_argument("replication-password", password).await?),
                };
                Ok(Replication {
                    at_source: login.clone(),
                    at_target: login,
                })
            }
            None => logins(record),
        }
    }
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
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
        let text = format!(
            "no move of `{component}` is under way; begin one with `move {component} --to`"
        );
        let failure = Failure::new(Code::NoMove, text).of_component(component);
        return Err(failure.at(&session.server));
    };
    if record.copy.is_some() {
        return relocate_copy::go_on(context, &session, options, &record).await;
    }
    if options.copy_with.is_some() {
        let text = format!("the move of `{component}` replicates; go on without --copy-with");
        return Err(Failure::usage(text));
    }
    if options.abort {
        return abort(context, &session, &record).await;
    }
    if options.finish {
        return finish(context, &session, &record).await;
    }
    // An undo that was interrupted goes on.
    let goes_back = options.undo && record.is_back && {
        let state = Sight::of(&session, &record).await?.state;
        !matches!(state, State::Committed | State::Gone)
    };
    if options.undo && !goes_back {
        return undo(context, &session, options, &record).await;
    }
    if options.resume || options.cut || goes_back {
        let question = format!("Go on with the move of `{component}`?");
        context.confirm(&question).await?;
        return alone_with(&session, &record, async |lease, record| {
            context.stage.set(Stage::Moving);
            let goal = (Until::Committed, options.replication(&record).await);
            carry_on(context, &session, options, record, goal, lease).await
        })
        .await;
    }
    let sight = Sight::of(&session, &record).await?;
    let line = format!(
        "{component}: {} -> {}, {}",
        sight.source.place.address(),
        sight.target.place.address(),
        sight.state.advice()
    );
    Ok(Reply::new(report(&record, &sight, None, None), line))
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
        let wish = Wish {
            to,
            accepts_loss: options.accept_loss,
            is_dry_run: options.dry_run,
            timeout: options.timeout,
        };
        return fail_over(context, &service, &wish).await;
    }
    let record = plan(session, component, &options.with, to).await?;
    if let Some(known) = session.record(component).await? {
        if known.copy.is_none() && known.source()?.is_same(&record.target()?).await {
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
    let replication = options.replication(&record).await?;
    let (source, target) = (record.source()?, record.target()?);
    let (source, target) = (source.connect().await?, target.connect().await?);
    let checks = preflight(session, &record, &source, &target).await?;
    let sight = match Sight::of(session, &record).await {
        // Another command has moved it, or written its config.
        Err(failure) if failure.code == Code::MustDecide => {
            let text = format!("the config of `{component}` has changed meanwhile; try again");
            let failure = Failure::new(Code::DigestDiffers, text).of_component(component);
            return Err(failure.at(&session.server));
        }
        sight => sight?,
    };
    for check in &checks.found {
        warn(&format!(
            "{}: {}; {}",
            check.name, check.found, check.advice
        ));
    }
    if let Some(failure) = checks.failure(component) {
        let data = report(&record, &sight, Some(&checks), None);
        return Ok(Reply::new(data, "").failed(Some(failure)));
    }
    if options.dry_run {
        let line = format!("{} checks, nothing stands against the move", checks.made);
        return Ok(Reply::new(
            report(&record, &sight, Some(&checks), None),
            line,
        ));
    }
    let question = format!(
        "Move the data of {} from {} to {}?",
        named(record.components().map(|name| format!("`{name}`"))),
        sight.source.place.address(),
        sight.target.place.address()
    );
    context.confirm(&question).await?;
    let until = match options.until {
        Some(Stop::Synced) => Until::Synced,
        Some(Stop::Prepared) => Until::Prepared,
        None => Until::Committed,
    };
    alone(session, &record, async |lease| {
        // Another move may have begun since.
        let checks = preflight(session, &record, &source, &target).await?;
        if let Some(failure) = checks.failure(component) {
            return Err(failure);
        }
        session.replace_record(None, Some(&record)).await?;
        context.stage.set(Stage::Moving);
        let goal = (until, Ok(replication));
        carry_on(context, session, options, record.clone(), goal, lease).await
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
        format: context.global.output,
        held: None,
        is_settled: false,
    };
    let sight = drive.run(lease).await?;
    if until == Until::Committed {
        // What the servers forget cannot be mended later, whatever the fleet does.
        drive.settle(&sight).await;
    }
    let (record, held) = (&drive.record, drive.held);
    let component = &*record.component;
    if until != Until::Committed {
        let line = format!("{component}: {}", sight.state.advice());
        return Ok(Reply::new(report(record, &sight, None, held), line));
    }
    let failure = match followed(context, options, record).await {
        // A process that does not follow yet goes on with the candidate, which ends by itself.
        Some(failure) => Some(failure),
        None => session.withdraw(record).await.err(),
    };
    let held_for = held.map(|held| format!(", writes were held for {} ms", milliseconds(held)));
    let line = format!(
        "{component}: {} -> {}{}; --finish ends the move, --undo goes back without loss",
        sight.source.place.address(),
        sight.target.place.address(),
        held_for.unwrap_or_default()
    );
    Ok(Reply::new(report(record, &sight, None, held), line).failed(failure))
}

/// Waits for the fleet. Returns why it does not follow, or why that is not known.
pub(super) async fn followed(
    context: &Context,
    options: &Options,
    record: &Record,
) -> Option<Failure> {
    let mut failure = None;
    for component in record.components() {
        let goal = Goal {
            command: "move",
            component,
            digest: None,
            timeout: options.timeout,
            ignores_silent: options.ignore_silent,
        };
        let stays = match follow(context, goal).await {
            Ok(ended) if ended.end == End::Followed => continue,
            Ok(ended) => format!(
                "{} of {}",
                ended.standing.following, ended.standing.expected
            ),
            Err(error) => error.message,
        };
        let text = format!(
            "`{component}` has moved, and not all processes follow: {stays}; look with `fleet`, and go \
            on with `move {component} --resume`"
        );
        failure = Some(Failure::new(Code::NotFollowed, text).of_component(component));
    }
    failure
}

async fn undo(
    context: &Context,
    session: &Session,
    options: &Options,
    record: &Record,
) -> Result<Reply, Failure> {
    let sight = demand_undoable(session, record).await?;
    let question = format!(
        "Move `{}` back to {}?",
        record.component,
        sight.source.place.address()
    );
    context.confirm(&question).await?;
    alone_with(session, record, async |lease, record| {
        context.stage.set(Stage::Moving);
        let sight = demand_undoable(session, &record).await?;
        // The server to go back to must take writes.
        lift(sight.links()?.0, &record).await?;
        if sight.state == State::Cut {
            // The configs still name the server to go back to.
            session.commit_move(&record, "data moved").await?;
        }
        let back = record.back();
        let goal = (Until::Committed, options.replication(&back).await);
        session.replace_record(Some(&record), Some(&back)).await?;
        carry_on(context, session, options, back, goal, lease).await
    })
    .await
}
