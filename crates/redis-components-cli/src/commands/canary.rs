//! `canary`: let some processes try a config, and then all or none.

use clap::Args;
use clap_complete::ArgValueCandidates;
use redis_components::ComponentConfig;
use serde_json::{Value, json};

use super::dry_run;
use super::other_data::{meaning, other_data};
use super::probe_first::{Wanted, probe_first};
use super::set::{Target, write};
use super::wait::Following;
use super::writing::Writing;
use crate::complete::components;
use crate::context::Context;
use crate::disabled::is_disabled;
use crate::failure::{Code, Failure};
use crate::fleet::canary::CanaryChange;
use crate::fleet::control::{Canary, base_of};
use crate::given::Given;
use crate::output::Reply;
use crate::session::Session;
use crate::subject::invalid;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    component: String,
    /// A config to try, as for `set`; `promote` to write it for all processes; `abort` to give it
    /// up. Without any the canary is shown.
    #[arg(value_name = "FILE|-|KEY=VALUE|promote|abort")]
    values: Vec<String>,
    /// How many of a hundred processes try the config.
    #[arg(long, value_name = "N", value_parser = percent)]
    percent: Option<f64>,
    /// Let the config name another server or database, so that processes see different data.
    #[arg(long)]
    splits_data: bool,
    /// With `promote`: write over the config with this digest, which has changed since the canary
    /// began.
    #[arg(long, value_name = "DIGEST")]
    if_digest: Option<String>,
    #[command(flatten)]
    writing: Writing,
    #[command(flatten)]
    following: Following,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse();
    let in_range = number
        .ok()
        .filter(|number| *number > 0.0 && *number <= 100.0);
    in_range.ok_or_else(|| "it is more than 0 and at most 100".to_owned())
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let action = match &*options.values {
        [] => "show",
        [word] if word == "promote" || word == "abort" => word,
        _ => "begin",
    };
    if action != "begin" && (options.percent.is_some() || options.splits_data) {
        let text = "--percent and --splits-data are for a config to try";
        return Err(Failure::usage(text));
    }
    if action == "show" && options.following.wait {
        let text = "--wait is for a change; `wait` waits for processes with a canary too";
        return Err(Failure::usage(text));
    }
    if action != "promote" && options.writing.reason.is_some() {
        let text = "--reason is for `promote`, which the history notes";
        return Err(Failure::usage(text));
    }
    if action != "promote" && options.if_digest.is_some() {
        let text = "--if-digest is for `promote`, which writes the config";
        return Err(Failure::usage(text));
    }
    options.following.check(false)?;
    let reply = match action {
        "begin" => begin(context, options).await?,
        action => existing(context, options, action).await?,
    };
    // `promote` has waited as `set` does.
    if options.writing.dry_run || reply.data["action"].is_null() {
        return Ok(reply);
    }
    let following = &options.following;
    Ok(following
        .after_write(context, "canary", &options.component, reply)
        .await)
}

/// Shows or ends a canary that is there.
async fn existing(context: &Context, options: &Options, action: &str) -> Result<Reply, Failure> {
    let component = &*options.component;
    let session = context.session().await?;
    let found = session.config_of(component).await?;
    let canary = session.strict_control().await?.canary(component);
    let canary = canary.ok_or_else(|| {
        let text = format!("`{component}` has no canary; begin one with `canary {component} FILE`");
        let failure = Failure::new(Code::CanaryMissing, text);
        failure.of_component(component).at(&session.server)
    })?;
    match action {
        "promote" => promote(context, session, options, canary, found).await,
        "abort" => abort(&session, options, &canary, &found).await,
        _ => {
            let data = data(&session, options, "show", &canary, &found);
            let line = format!(
                "{component}: {} % of the processes try {} ({}), the others run {}",
                canary.percent,
                text(&data["digest"]),
                text(&data["endpoint"]),
                text(&data["previous"]),
            );
            Ok(Reply::new(data, line))
        }
    }
}

async fn begin(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let component = &*options.component;
    let Some(percent) = options.percent else {
        let text = "--percent says how many of a hundred processes try the config; give it";
        return Err(Failure::usage(text));
    };
    let given = Given::read(&options.values).await?;
    let session = context.session().await?;
    let found = session.config_of(component).await?;
    let (config, origin) = given.config(component, Some(&found)).await?;
    if let Some(failure) = invalid(&origin, &config) {
        return Err(failure.of_component(component));
    }
    let meaning = meaning(&config)?;
    let before = std::str::from_utf8(&found).unwrap_or_default();
    if ComponentConfig::from_json(before).is_ok_and(|before| is_disabled(&before)) {
        let text = format!(
            "`{component}` is switched off, and no process would try the config; switch it on with \
            `set {component} disabled=` first"
        );
        return Err(Failure::new(Code::WrongState, text).of_component(component));
    }
    if !options.splits_data
        && let Some(field) = other_data(component, &found, &meaning)?
    {
        let text = format!(
            "the config has another `{field}`, so the processes that try it would see other data than \
            the rest; move the component for all with `set`, or give --splits-data if you mean it"
        );
        return Err(Failure::new(Code::SplitsData, text).of_component(component));
    }
    session.demand_no_move(component).await?;
    let earlier = session.strict_control().await?.canary(component);
    if let Some(other) = &earlier
        && other.meaning().as_ref() != Some(&meaning)
    {
        return Err(session.is_on(component, other));
    }
    let wanted = Wanted {
        component,
        config: &meaning,
        found: Some(&found),
    };
    let probed = probe_first(context, &session, &wanted, &options.writing).await?;
    // The same config keeps its processes when it gets more of them.
    let salt = earlier.as_ref().map_or_else(
        || format!("{:016x}", fastrand::u64(..)),
        |earlier| earlier.salt.clone(),
    );
    let canary = Canary {
        config: serde_json::from_str(&config).unwrap_or_default(),
        percent,
        base: Some(base_of(&found, &salt)),
        salt,
    };
    let mut data = data(&session, options, "begin", &canary, &found);
    data["server"] = json!(probed);
    if options.writing.dry_run {
        return Ok(dry_run::of_canary(&session, component, Some(&canary), data));
    }
    let change = CanaryChange {
        component,
        from: earlier.as_ref(),
        to: Some(&canary),
        config: Some(&found),
    };
    session.change_canary(&change).await?;
    let line = format!(
        "{component}: {percent} % of the processes try {} ({})",
        text(&data["digest"]),
        text(&data["endpoint"])
    );
    Ok(Reply::new(data, line))
}

async fn promote(
    context: &Context,
    session: Session,
    options: &Options,
    canary: Canary,
    found: Vec<u8>,
) -> Result<Reply, Failure> {
    let component = &*options.component;
    let Options {
        writing, following, ..
    } = options;
    if options.if_digest.is_none() && !canary.is_beside(&found) {
        let why = if canary.base.is_some() {
            format!(
                "the config of `{component}` has changed since its canary began, and `promote` would undo that"
            )
        } else {
            format!(
                "the canary of `{component}` does not say (`base`) beside which config it began, and `promote` \
                might undo a change"
            )
        };
        let text = format!(
            "{why}; look at `get {component}` and `history {component}`; then begin the canary again with \
            `canary {component} KEY=VALUE --percent N`, which keeps what is there, or end it with \
            `canary {component} abort`; if you mean to undo the change, give --if-digest {}",
            session.digest_of(Some(&found))
        );
        let failure = Failure::new(Code::DigestDiffers, text);
        return Err(failure.of_component(component).at(&session.server));
    }
    if !writing.dry_run {
        let question = format!("Write the canary of `{component}` for all processes?");
        context.confirm(&question).await?;
    }
    let reason = writing.reason.clone();
    let target = Target {
        component,
        text: canary.config.to_string(),
        origin: format!("the canary of {component}"),
        found: Some(found),
        if_digest: options.if_digest.clone(),
        reason: Some(reason.unwrap_or_else(|| "canary promoted".to_owned())),
        canary: Some(canary),
        prepare: false,
    };
    write(context, session, "canary", target, writing, following).await
}

async fn abort(
    session: &Session,
    options: &Options,
    canary: &Canary,
    found: &[u8],
) -> Result<Reply, Failure> {
    let component = &*options.component;
    let data = data(session, options, "abort", canary, found);
    if options.writing.dry_run {
        return Ok(dry_run::of_canary(session, component, None, data));
    }
    let change = CanaryChange {
        component,
        from: Some(canary),
        to: None,
        config: None,
    };
    session.change_canary(&change).await?;
    let line = format!(
        "{component}: the canary {} is given up, all processes run {}",
        text(&data["digest"]),
        text(&data["previous"])
    );
    Ok(Reply::new(data, line))
}

fn data(
    session: &Session,
    options: &Options,
    action: &str,
    canary: &Canary,
    found: &[u8],
) -> Value {
    let meaning = canary.meaning();
    let digest = meaning.as_ref().map(|config| session.digest(config));
    json!({
        "component": options.component,
        "key": session.names.fleet(),
        "action": action,
        "dry_run": options.writing.dry_run,
        "digest": digest.unwrap_or_else(|| "invalid".to_owned()),
        "previous": session.digest_of(Some(found)),
        "endpoint": meaning.map_or_else(|| "-".to_owned(), |config| config.address()),
        "percent": canary.percent,
        "server": null,
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
