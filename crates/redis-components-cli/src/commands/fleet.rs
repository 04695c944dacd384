//! `fleet`: which process runs which config.

use clap::Args;
use clap_complete::ArgValueCandidates;
use serde_json::json;

use crate::complete::components;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::fleet::receipts::Unreadable;
use crate::fleet::row::Row;
use crate::lines::warn;
use crate::names::unknown;
use crate::output::{Reply, table};
use crate::text::counted;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The components, by default all.
    #[arg(add = ArgValueCandidates::new(components))]
    components: Vec<String>,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let session = context.session().await?;
    let receipts = session.receipts(None).await?;
    let silent = match session.silent(&receipts).await {
        Ok(silent) => Some(silent),
        Err(failure) if failure.code == Code::NoRights => {
            warn(&format!(
                "silent processes are not seen: {}",
                failure.message
            ));
            None
        }
        Err(failure) => return Err(failure),
    };
    let unreadable = receipts.unreadable();
    let mut rows: Vec<Row> = receipts.own().flat_map(Row::all).collect();
    rows.sort_by(|a, b| a.order().cmp(&b.order()));
    if !options.components.is_empty() {
        let mut known = session.components().await?;
        known.extend(rows.iter().map(|row| row.component.clone()));
        for wanted in &options.components {
            if !known.contains(wanted) {
                return Err(unknown(wanted, known.iter().map(String::as_str)).at(&session.server));
            }
        }
        rows.retain(|row| options.components.contains(&row.component));
    }
    let lines = rows.iter().map(|row| {
        let is_newest = row.applied == row.seen;
        [
            Some(row.component.clone()),
            Some(row.application.clone()),
            Some(row.instance.clone()),
            row.applied.clone(),
            row.seen.clone().filter(|_| !is_newest),
            Some(row.state.to_owned()),
            Some(row.old_connections)
                .filter(|count| *count > 0)
                .map(|count| count.to_string()),
            row.at.clone(),
            row.reason.clone(),
        ]
    });
    let names = [
        "component",
        "application",
        "instance",
        "applied",
        "newer",
        "state",
        "old",
        "at",
        "reason",
    ];
    if rows.is_empty() && unreadable.is_empty() && silent.as_ref().is_none_or(Vec::is_empty) {
        warn(
            "no process reports; one does when it uses a component, unless its receipts are off or it has \
            no right to write them",
        );
    }
    let mut text = table(names, lines);
    if let Some(silent) = silent.as_ref().filter(|silent| !silent.is_empty()) {
        let count = counted(silent.len(), "process");
        text.push_str(&format!(
            "\n\n{count} on the config server without a receipt:\n"
        ));
        let lines = silent.iter().map(|silent| {
            [
                Some(silent.address.clone()),
                silent.name.clone(),
                silent.since.clone(),
            ]
        });
        text.push_str(&table(["address", "name", "since"], lines));
    }
    if !unreadable.is_empty() {
        text.push_str(&format!("\n\n{}", Unreadable::all_shown(&unreadable)));
    }
    let data = json!({"rows": rows, "silent": silent, "unreadable": unreadable});
    Ok(Reply::new(data, text))
}
