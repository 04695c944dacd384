//! `set`: write the config of a component.

use clap::Args;
use clap_complete::ArgValueCandidates;
use redis_components::ComponentConfig;
use serde_json::json;

use super::dry_run;
use super::other_data::other_data;
use super::probe_first::{Wanted, probe_first};
use super::wait::Following;
use super::writing::Writing;
use crate::commit::Change;
use crate::complete::components;
use crate::context::{Context, too_long};
use crate::failure::{Code, Failure};
use crate::fleet::control::Canary;
use crate::given::Given;
use crate::history::Note;
use crate::lines::warn;
use crate::names::{is_name, unknown};
use crate::output::Reply;
use crate::redact;
use crate::repeated::{secret_in, shown_secrets};
use crate::session::Session;
use crate::subject::invalid;
use crate::text::printable;
use crate::values::LONGEST_CONFIG;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    component: String,
    /// A file with JSON, or `-` for standard input, which replaces the config; or fields, which
    /// change it. `port=` removes a field, `password=-` asks, `password=@FILE` reads a file.
    #[arg(value_name = "FILE|-|KEY=VALUE", required = true)]
    values: Vec<String>,
    /// Write only if the config has this digest now, or `absent` if there must be none.
    #[arg(long, value_name = "DIGEST")]
    if_digest: Option<String>,
    #[command(flatten)]
    writing: Writing,
    #[command(flatten)]
    following: Following,
    /// Let all processes try the server before anything changes.
    #[arg(long)]
    prepare: bool,
    /// The component is new.
    #[arg(long)]
    create: bool,
}

/// A config to write.
pub(crate) struct Target<'a> {
    pub(crate) component: &'a str,
    pub(crate) text: String,
    /// Where the text is from, for people.
    pub(crate) origin: String,
    /// What was there when the command began.
    pub(crate) found: Option<Vec<u8>>,
    pub(crate) if_digest: Option<String>,
    pub(crate) reason: Option<String>,
    /// The canary that the config comes from, which ends with it.
    pub(crate) canary: Option<Canary>,
    /// Whether all processes try it first.
    pub(crate) prepare: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let component = &*options.component;
    let given = Given::read(&options.values).await?;
    if let Some(reason) = &options.writing.reason
        && reason.is_empty()
    {
        return Err(Failure::usage(
            "--reason is empty; say why, or leave it out",
        ));
    }
    let session = context.session().await?;
    let found = found(&session, component, options.create).await?;
    let (text, origin) = given.config(component, found.as_deref()).await?;
    let target = Target {
        component,
        text,
        origin,
        found,
        if_digest: options.if_digest.clone(),
        reason: options.writing.reason.clone(),
        canary: None,
        prepare: options.prepare,
    };
    let Options {
        writing, following, ..
    } = options;
    write(context, session, "set", target, writing, following).await
}

/// Returns what is there now, if the component is known or new on purpose.
async fn found(
    session: &Session,
    component: &str,
    create: bool,
) -> Result<Option<Vec<u8>>, Failure> {
    match session.config_of(component).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(failure) if failure.code == Code::ConfigMissing => Ok(None),
        Err(failure) if failure.code == Code::UnknownComponent && create => {
            if is_name(component) {
                Ok(None)
            } else {
                Err(Failure::usage(
                    "the name of a component has letters, digits and `_`, and does not begin \
                    with a digit",
                ))
            }
        }
        Err(failure) if failure.code == Code::UnknownComponent => {
            let known = session.components().await?;
            let mut failure = unknown(component, known.iter().map(String::as_str));
            failure.message.push_str("; give --create if it is new");
            Err(failure.at(&session.server))
        }
        Err(failure) => Err(failure),
    }
}

/// Checks, probes and writes a config, and waits for the fleet if that was asked for.
///
/// # Errors
///
/// Returns an error if nothing is changed.
pub(crate) async fn write(
    context: &Context,
    session: Session,
    command: &'static str,
    target: Target<'_>,
    writing: &Writing,
    following: &Following,
) -> Result<Reply, Failure> {
    let component = target.component;
    following.check(target.prepare)?;
    let reply = write_one(context, session, target, writing, following).await?;
    if writing.dry_run {
        return Ok(reply);
    }
    Ok(following
        .after_write(context, command, component, reply)
        .await)
}

async fn write_one(
    context: &Context,
    mut session: Session,
    target: Target<'_>,
    writing: &Writing,
    following: &Following,
) -> Result<Reply, Failure> {
    let Target {
        component,
        text,
        origin,
        found,
        if_digest,
        reason,
        canary,
        prepare,
    } = target;
    if let Some(failure) = invalid(&origin, &text) {
        return Err(failure.of_component(component));
    }
    if text.len() > LONGEST_CONFIG {
        return Err(too_long().of_component(component));
    }
    let config = ComponentConfig::from_json(&text)
        .map_err(|error| Failure::new(Code::ConfigInvalid, error.to_string()))?;
    let before = found.as_deref().map(String::from_utf8_lossy);
    for known in [Some(text.as_str()), before.as_deref()]
        .into_iter()
        .flatten()
    {
        if let Some(field) = reason.as_ref().and_then(|reason| secret_in(reason, known)) {
            let text = format!(
                "--reason holds the value of `{field}`, and `history` shows it; say why without it"
            );
            return Err(Failure::usage(text).of_component(component));
        }
    }
    for (note, field) in shown_secrets(&text) {
        let (note, field) = (printable(&note), printable(&field));
        warn(&format!(
            "`{note}` holds the value of `{field}`, and `get` shows it; leave it out"
        ));
    }
    let previous = session.digest_of(found.as_deref());
    if let Some(wanted) = &if_digest
        && *wanted != previous
    {
        let text = format!(
            "the config of `{component}` has the digest {previous} and not the one of \
            --if-digest; look at it with `get \
             {component}`"
        );
        return Err(Failure::new(Code::DigestDiffers, text)
            .of_component(component)
            .at(&session.server));
    }
    let wanted = Wanted {
        component,
        config: &config,
        found: found.as_deref(),
    };
    let probed = probe_first(context, &session, &wanted, writing).await?;
    let key = session.names.key(component);
    let is_changed = found.as_deref() != Some(text.as_bytes());
    let mut note = Note::now(reason);
    let words = note.command.as_ref();
    if words.is_some_and(|words| secret_in(words, &text).is_some()) {
        // A field of its own may repeat a secret among the arguments.
        note.command = Some(redact::HIDDEN.to_owned());
    }
    let mut data = json!({
        "component": component,
        "key": key,
        "changed": is_changed,
        "dry_run": writing.dry_run,
        "digest": session.digest(&config),
        "previous": previous,
        "endpoint": config.address(),
        "server": probed,
        "n": null,
    });
    let control = session.control().await;
    let control = control.map_err(|failure| failure.of_component(component))?;
    if canary.is_none()
        && let Some(canary) = control.canary(component)
    {
        let found = found.as_deref().unwrap_or(b"{}");
        if matches!(other_data(component, found, &config), Ok(Some(_))) {
            return Err(session.is_on(component, &canary));
        }
        let percent = canary.percent;
        warn(&format!(
            "a canary of `{component}` is on: {percent} % of the processes go on with it until \
            `canary {component} promote` or `abort`"
        ));
    }
    // Whoever may not read the record may write the config all the same.
    if let Ok(Some(_)) = session.record(component).await {
        warn(&format!(
            "a move of `{component}` is under way, and takes only its own configs for right; look with \
            `move {component} --status`"
        ));
    }
    if !is_changed && canary.is_none() {
        return Ok(Reply::new(data, format!("{component}: unchanged")));
    }
    if writing.dry_run {
        let ends_canary = canary.is_some();
        return Ok(dry_run::of_config(
            &session,
            (component, &text),
            &note,
            ends_canary,
            data,
        ));
    }
    let candidate = match &found {
        Some(found) if prepare => {
            let bounds = following.bounds();
            Some(session.prepare(component, found, &text, bounds).await?)
        }
        _ => None,
    };
    let change = Change {
        component,
        text: &text,
        // A digest leaves much out. What had it was read, and must still be there.
        expected: found,
        note,
        ends_canary: canary.is_some(),
        canary: canary.or_else(|| control.canary(component)),
    };
    let n = session.commit(&change).await;
    if let Some(candidate) = &candidate
        && let Err(failure) = session.withdraw(candidate).await
    {
        let key = printable(&session.names.fleet());
        warn(&format!(
            "processes keep the candidate of `{component}` for an hour, or until it is removed from `prepare` \
            under `{key}`: {}",
            failure.message
        ));
    }
    let n = n?;
    // The first change of all makes the salt.
    let digest = session.digest(&config);
    let address = config.address();
    let line = format!("{component}: {previous} -> {digest} ({address}), history {n}");
    data["digest"] = json!(digest);
    data["n"] = json!(n);
    Ok(Reply::new(data, line))
}
