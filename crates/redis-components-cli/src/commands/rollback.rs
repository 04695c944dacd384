//! `rollback`: write an earlier config again.

use clap::Args;
use clap_complete::ArgValueCandidates;

use super::set::{Target, write};
use super::wait::Following;
use super::writing::Writing;
use crate::complete::components;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::output::Reply;
use crate::subject::utf8;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    component: String,
    /// The entry of the history, by default the one before the newest.
    n: Option<u64>,
    #[command(flatten)]
    writing: Writing,
    #[command(flatten)]
    following: Following,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let component = &*options.component;
    let session = context.session().await?;
    let found = match session.config_of(component).await {
        Ok(found) => Some(found),
        Err(failure) if failure.code != Code::ConfigMissing => return Err(failure),
        Err(failure) if session.entries(component, 1).await?.is_empty() => return Err(failure),
        Err(_) => None,
    };
    let entry = match options.n {
        Some(n) => session.entry(component, n).await?,
        None => {
            let mut entries = session.entries(component, 2).await?.into_iter();
            let newest = entries.next();
            let noted = newest.as_ref().map(|newest| &newest.config);
            if noted.is_some() && noted != found.as_ref() {
                let what = if found.is_some() {
                    "changed"
                } else {
                    "deleted"
                };
                let text = format!(
                    "the config of `{component}` was {what} behind its history; look at \
                    `history {component}` and `diff \
                     {component}@M {component}@N`, and name the entry: `rollback {component} N`"
                );
                return Err(Failure::new(Code::MustDecide, text)
                    .of_component(component)
                    .at(&session.server));
            }
            let before = entries.next().ok_or_else(|| {
                let text = format!("the history of `{component}` has nothing to go back to");
                Failure::new(Code::HistoryMissing, text)
                    .of_component(component)
                    .at(&session.server)
            })?;
            session.demand_usable(component, &before)?;
            before
        }
    };
    let n = entry.n;
    if !options.writing.dry_run {
        context
            .confirm(&format!("Write entry {n} of `{component}` again?"))
            .await?;
    }
    let reason = options.writing.reason.clone();
    let target = Target {
        component,
        text: utf8(entry.config, component)?,
        origin: format!("{component}@{n}"),
        found,
        if_digest: None,
        reason: Some(reason.unwrap_or_else(|| format!("rollback to {n}"))),
        canary: None,
        prepare: false,
    };
    let Options {
        writing, following, ..
    } = options;
    write(context, session, "rollback", target, writing, following).await
}
