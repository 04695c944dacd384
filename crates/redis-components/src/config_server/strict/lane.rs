//! The reads of one key on one runtime.

use std::sync::Arc;

use redis::Cmd;

use super::answer::Answer;
use super::line::Line;
use super::merged::{Merged, Reading, Source};

/// The reads of one key on one runtime.
pub(super) type Lane = Merged<KeyReads>;

/// Sends reads of one key.
pub(super) struct KeyReads {
    line: Arc<Line>,
    command: Arc<Cmd>,
}

impl KeyReads {
    pub(super) fn new(line: Arc<Line>, command: Cmd) -> Self {
        let command = Arc::new(command);
        Self { line, command }
    }

    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }
}

impl Source for KeyReads {
    type Answer = Answer;

    fn begin(&self) -> Option<Reading<Answer>> {
        let open = self.line.connection()?;
        let (line, command) = (Arc::clone(&self.line), Arc::clone(&self.command));
        Some(Box::pin(async move { line.read(open, command).await }))
    }
}
