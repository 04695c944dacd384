//! `top`: what happens now, on the whole terminal.

use std::io::IsTerminal as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::interval::interval;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::interrupt::interrupted;
use crate::lines::write_whole;
use crate::live::{Observer, Snapshot};
use crate::options::Format;
use crate::output::{Reply, event};
use crate::place::Place;
use crate::top::follow;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often the servers are looked at.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    interval: Duration,
}

/// Runs until a person ends it.
pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let format = context.global.output;
    if format == Format::Table {
        demand_terminal()?;
    }
    let place = Place::find(&context.global)?;
    let stage = Rc::clone(&context.stage);
    // What is wrong at first is told before the terminal is taken.
    let (observer, snapshots) = tokio::select! {
        opened = Observer::open(place, stage, options.interval) => opened?,
        () = interrupted() => return Ok(Reply::new(json!({"events": 0}), "")),
    };
    let shown = async {
        match format {
            Format::Table => follow(snapshots).await.map(|()| Reply::default()),
            Format::Json => Ok(once(snapshots, options.interval).await),
            Format::Ndjson => Ok(lines(snapshots).await),
        }
    };
    tokio::select! {
        reply = shown => reply,
        () = observer.run() => Ok(Reply::default()),
    }
}

fn demand_terminal() -> Result<(), Failure> {
    let is_dumb = std::env::var("TERM").is_ok_and(|name| name == "dumb");
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !is_dumb {
        return Ok(());
    }
    let text = "`top` needs a terminal, and there is none; `list`, `fleet` and `watch` write the \
        same line by line, and `top --output json` writes it once";
    Err(Failure::new(Code::NoTerminal, text))
}

/// Returns the picture once the servers' rates are known, or cannot be soon.
async fn once(mut snapshots: watch::Receiver<Arc<Snapshot>>, every: Duration) -> Reply {
    let bound = every * 2 + Duration::from_secs(3);
    // What is not known by then stays unknown.
    tokio::select! {
        _ = timeout(bound, snapshots.wait_for(|snapshot| snapshot.is_complete())) => {}
        () = interrupted() => {}
    }
    let snapshot = Arc::clone(&snapshots.borrow());
    Reply::new(&*snapshot, "")
}

/// Writes each picture as an event, until it is interrupted or nobody reads on.
async fn lines(mut snapshots: watch::Receiver<Arc<Snapshot>>) -> Reply {
    let mut events = 0_u64;
    let end = interrupted();
    tokio::pin!(end);
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        events += 1;
        if write_whole(&event("top", "snapshot", "progress", &*snapshot)).is_err() {
            break;
        }
        tokio::select! {
            () = &mut end => break,
            changed = snapshots.changed() => if changed.is_err() {
                break;
            },
        }
        // Several changes at once are one picture.
        sleep(Duration::from_millis(20)).await;
    }
    Reply::new(json!({"events": events}), "")
}
