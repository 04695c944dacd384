//! Drawing each picture, and doing what keys say.

use std::sync::Arc;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use tokio::sync::watch;

use super::draw::draw;
use super::screen::Screen;
use super::view::{Next, View};
use crate::failure::{Code, Failure};
use crate::interrupt::interrupted;
use crate::live::Snapshot;

/// Shows pictures until a person ends it.
///
/// # Errors
///
/// Returns an error if the terminal cannot be used.
pub(crate) async fn follow(mut snapshots: watch::Receiver<Arc<Snapshot>>) -> Result<(), Failure> {
    let mut view = View::default();
    let mut screen = Screen::take().map_err(|error| gone(&error))?;
    let mut events = EventStream::new();
    let end = interrupted();
    tokio::pin!(end);
    let mut next = Next::Draw;
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        if next == Next::Draw {
            screen
                .draw(|frame| draw(frame, &snapshot, &mut view))
                .map_err(|error| gone(&error))?;
        }
        next = tokio::select! {
            () = &mut end => return Ok(()),
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) => view.key(key, &snapshot),
                Some(Ok(Event::Resize(..))) => Next::Draw,
                Some(Ok(_)) => Next::Nothing,
                Some(Err(error)) => return Err(gone(&error)),
                None => return Ok(()),
            },
            changed = snapshots.changed() => match changed {
                Ok(()) => Next::Draw,
                Err(_) => return Ok(()),
            },
        };
        if next == Next::Quit {
            return Ok(());
        }
    }
}

fn gone(error: &std::io::Error) -> Failure {
    let text = format!("the terminal cannot be used: {error}; `list --output json` needs none");
    Failure::new(Code::NoTerminal, text)
}
