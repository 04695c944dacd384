//! `watch`: configs and the processes that run them, and their changes as they happen.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use futures_util::future::join;
use redis::PushInfo;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use super::list::{Row, rows};
use crate::complete::components;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::fleet::listening::open;
use crate::fleet::receipt_reader::ReceiptReader;
use crate::fleet::receipts::Unreadable;
use crate::fleet::row::Row as Process;
use crate::interrupt::interrupted;
use crate::lines::{warn, write_whole};
use crate::names::Names;
use crate::options::Format;
use crate::output::{Reply, event};
use crate::place::Place;
use crate::session::Session;
use crate::time::now;

/// All configs are read again as often, whatever is pushed.
const REREAD: Duration = Duration::from_secs(1);
/// New components are looked for as often, if none is pushed.
const RESCAN: u32 = 30;
/// The pause before the next attempt to connect.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The components, by default all.
    #[arg(add = ArgValueCandidates::new(components))]
    components: Vec<String>,
}

/// Runs until it is interrupted, or nobody reads on.
pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let place = Place::find(&context.global)?;
    let mut watch = Watch {
        context,
        options,
        shown: Vec::new(),
        processes: BTreeMap::new(),
        unreadable: Vec::new(),
        hides_fleet: false,
        events: 0,
    };
    // The first attempt says what is wrong; later ones go on.
    let (mut session, mut pushes) = listen(&place, context).await?;
    session.warn_of_skipped();
    for component in &options.components {
        session.config_of(component).await?;
    }
    let end = interrupted();
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            outcome = watch.follow(&mut session, &mut pushes) => match outcome {
                Ok(()) => break,
                Err(failure) if failure.code != Code::ConfigServerUnreachable => return Err(failure),
                Err(failure) => {
                    warn(&failure.message);
                    if watch.tell("config_server", "failed", &failure.shown()).is_err() {
                        break;
                    }
                }
            },
        }
        let again = async {
            loop {
                tokio::time::sleep(PAUSE).await;
                if let Ok(opened) = listen(&place, context).await {
                    return opened;
                }
            }
        };
        let before = session.server.clone();
        tokio::select! {
            () = &mut end => break,
            opened = again => (session, pushes) = opened,
        }
        let server = json!({"server": session.server, "is_other": session.server != before});
        if watch.tell("config_server", "progress", &server).is_err() {
            break;
        }
    }
    Ok(Reply::new(json!({"events": watch.events}), ""))
}

async fn listen(
    place: &Place,
    context: &Context,
) -> Result<(Session, UnboundedReceiver<PushInfo>), Failure> {
    let prefixes = |names: &Names| names.prefixes().map(str::to_owned).collect();
    open(place, context, prefixes, "changes").await
}

struct Watch<'a> {
    context: &'a Context,
    options: &'a Options,
    shown: Vec<Row>,
    /// What each process has said of each component.
    processes: BTreeMap<[String; 3], Process>,
    /// Of which processes nobody knows what they run.
    unreadable: Vec<Unreadable>,
    /// Whether the config server does not show the fleet.
    hides_fleet: bool,
    events: u64,
}

impl Watch<'_> {
    /// Shows changes, until nobody reads on.
    async fn follow(
        &mut self,
        session: &mut Session,
        pushes: &mut UnboundedReceiver<PushInfo>,
    ) -> Result<(), Failure> {
        let mut names = self.names(session).await?;
        let mut ticks = 0;
        let mut fleet = ReceiptReader::new(session);
        loop {
            // Digests change with it.
            session.salt = session.read_salt().await?;
            // A failure of the connection is no change of a config.
            let ping = redis::cmd("PING");
            let (rows, alive) = join(rows(session, &names), session.query(&ping)).await;
            let _: redis::Value = alive?;
            for row in rows {
                if self.show(row).is_err() {
                    return Ok(());
                }
            }
            if self.show_fleet(session, &mut fleet).await?.is_err() {
                return Ok(());
            }
            let pushed = tokio::time::timeout(REREAD, pushes.recv()).await;
            // A fleet writes too often to hear of each receipt; its index says all at each look.
            fleet.touch();
            ticks += 1;
            if pushed.is_ok() || ticks >= RESCAN {
                while pushes.try_recv().is_ok() {}
                names = self.names(session).await?;
                ticks = 0;
            }
        }
    }

    /// Returns the components to look at, those that are gone as well.
    async fn names(&self, session: &Session) -> Result<Vec<String>, Failure> {
        if !self.options.components.is_empty() {
            return Ok(self.options.components.clone());
        }
        let mut names = session.components().await?;
        names.extend(self.shown.iter().map(|row| row.component.clone()));
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Shows what processes say otherwise than before. The inner error says that nobody reads on.
    async fn show_fleet(
        &mut self,
        session: &Session,
        fleet: &mut ReceiptReader,
    ) -> Result<std::io::Result<()>, Failure> {
        if self.hides_fleet {
            return Ok(Ok(()));
        }
        let read = match fleet.refresh(session).await {
            Ok(_) => fleet.turn(session, REREAD).await,
            Err(failure) => Err(failure),
        };
        match read {
            Ok(()) => Ok(self.show_processes(fleet)),
            Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
            Err(failure) => {
                warn(&format!("processes are not shown: {}", failure.message));
                self.hides_fleet = true;
                Ok(Ok(()))
            }
        }
    }

    fn show_processes(&mut self, fleet: &ReceiptReader) -> std::io::Result<()> {
        let unreadable = fleet.receipts.unreadable();
        if self.unreadable != unreadable {
            if !unreadable.is_empty() {
                warn(&Unreadable::all_shown(&unreadable));
            }
            self.unreadable = unreadable;
        }
        let wanted = &self.options.components;
        let rows = fleet.receipts.own().flat_map(Process::all);
        let rows = rows.filter(|row| wanted.is_empty() || wanted.contains(&row.component));
        let rows: BTreeMap<[String; 3], Process> = rows
            .map(|row| (row.order().map(str::to_owned), row))
            .collect();
        for (name, row) in &rows {
            let state = match self.processes.get(name) {
                Some(known) if known == row => continue,
                _ if ["refused", "unreachable"].contains(&row.state) => "failed",
                None => "begin",
                Some(_) => "progress",
            };
            self.tell("process", state, row)?;
        }
        let before = std::mem::replace(&mut self.processes, rows);
        for (name, row) in before {
            if self.processes.contains_key(&name) {
                continue;
            }
            // It lives, and says nothing that is understood.
            let process = row.process();
            if self.unreadable.iter().any(|other| other.process == process) {
                self.processes.insert(name, row);
            } else {
                self.tell("process", "done", &row)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, row: Row) -> std::io::Result<()> {
        let known = self
            .shown
            .iter()
            .position(|shown| shown.component == row.component);
        let state = match known {
            None => "begin",
            Some(place) if self.shown[place].is_same(&row) => return Ok(()),
            Some(_) if row.digest.is_none() => "failed",
            Some(_) => "progress",
        };
        self.tell("config", state, &row)?;
        match known {
            Some(place) => self.shown[place] = row,
            None => self.shown.push(row),
        }
        Ok(())
    }

    fn tell(
        &mut self,
        name: &str,
        state: &str,
        data: &impl serde::Serialize,
    ) -> std::io::Result<()> {
        self.events += 1;
        if self.context.global.output != Format::Table {
            return write_whole(&event("watch", name, state, data));
        }
        let data = serde_json::to_value(data).unwrap_or_default();
        let cell = |name: &str| data[name].as_str().unwrap_or("-").to_owned();
        let line = match name {
            "config" => {
                let [component, endpoint] = ["component", "endpoint"].map(cell);
                let [digest, problem] = ["digest", "problem"].map(cell);
                format!(
                    "{}  {component:<16}  {endpoint:<24}  {digest}  {problem}",
                    now()
                )
            }
            "process" => {
                let [component, application] = ["component", "application"].map(cell);
                let [instance, reason] = ["instance", "reason"].map(cell);
                let (applied, stands) = match state {
                    "done" => (cell("applied"), "gone".to_owned()),
                    _ => (cell("applied"), cell("state")),
                };
                let process = format!("{application}:{instance}");
                format!(
                    "{}  {component:<16}  {process:<24}  {applied}  {stands}  {reason}",
                    now()
                )
            }
            _ if state == "failed" => format!("{}  {}", now(), cell("message")),
            _ => {
                let what = if data["is_other"] == true {
                    "is used now"
                } else {
                    "answers again"
                };
                format!("{}  the config server {} {what}", now(), cell("server"))
            }
        };
        write_whole(&line)
    }
}
