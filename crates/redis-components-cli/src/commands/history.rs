//! `history`: who changed a config, when and why.

use clap::Args;
use clap_complete::ArgValueCandidates;
use serde::Serialize;

use crate::complete::components;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::history::{KEPT, Note};
use crate::output::{Reply, table};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    component: String,
}

#[derive(Debug, Serialize)]
struct Row {
    n: u64,
    digest: Option<String>,
    previous: Option<String>,
    /// Why the config of the entry cannot be used.
    problem: Option<&'static str>,
    #[serde(flatten)]
    note: Note,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let component = &*options.component;
    let session = context.session().await?;
    let entries = session.entries(component, KEPT + 2).await?;
    if entries.is_empty() {
        // A name that nobody knows is told before a history that is not there.
        session.config_of(component).await?;
        let text = format!("`{component}` has no history; the first `set {component}` begins it");
        return Err(Failure::new(Code::HistoryMissing, text)
            .of_component(component)
            .at(&session.server));
    }
    let digest =
        |entry: &crate::history::Entry| entry.meaning().map(|config| session.digest(&config));
    let rows: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| Row {
            n: entry.n,
            digest: digest(entry),
            previous: entries.get(place + 1).and_then(digest),
            problem: entry.problem,
            note: entry.note.clone(),
        })
        .collect();
    let lines = rows.iter().map(|row| {
        let Note {
            at,
            by,
            from,
            reason,
            command,
            ..
        } = &row.note;
        [
            Some(row.n.to_string()),
            row.digest.clone(),
            row.previous.clone(),
            at.clone(),
            by.clone(),
            from.clone(),
            row.problem.map(str::to_owned).or_else(|| reason.clone()),
            command.clone(),
        ]
    });
    let names = [
        "n", "digest", "previous", "at", "by", "from", "reason", "command",
    ];
    let text = table(names, lines);
    Ok(Reply::new(&rows, text))
}
