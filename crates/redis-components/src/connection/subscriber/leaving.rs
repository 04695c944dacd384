//! A server that a subscriber leaves, after it has subscribed on the next one.

use std::time::Duration;

use tokio::time::Instant;

use super::line::Line;

/// How long the messages of the next server wait for those of a server that is silent.
const HEARD_FIRST_WITHIN: Duration = Duration::from_secs(1);

/// How long a server is heard after its time, if the reader does not take its messages.
const READ_WITHIN: Duration = Duration::from_secs(30);

/// How far a server is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// What it has published before the subscriptions on the next server come first.
    First,
    /// Calls that began before the move may still publish here.
    Lingering,
    /// The last messages are read.
    Last,
}

/// What to do after a mark was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// The next server may be heard.
    First,
    /// All has been heard.
    Last,
}

/// A line that is left.
pub(super) struct Leaving {
    pub(super) line: Line,
    stage: Stage,
    until: Instant,
}

impl Leaving {
    pub(super) fn begin(mut line: Line, until: Instant) -> Self {
        line.mark();
        Self {
            line,
            stage: Stage::First,
            until,
        }
    }

    /// Returns `true` if the next server has to wait for this one.
    pub(super) fn comes_first(&self) -> bool {
        self.stage == Stage::First
    }

    /// Notes that the mark was heard.
    pub(super) fn marked(&mut self) -> Passed {
        match self.stage {
            Stage::First => {
                self.stage = Stage::Lingering;
                Passed::First
            }
            // The mark of a server that was silent at first.
            Stage::Lingering => Passed::First,
            Stage::Last if self.line.has_marks() => Passed::First,
            Stage::Last => Passed::Last,
        }
    }

    /// Returns `true` if the next server need not wait any longer, because this one is silent.
    pub(super) fn gives_way(&mut self, now: Instant) -> bool {
        let gives_way = self.comes_first() && self.line.quiet(now) >= HEARD_FIRST_WITHIN;
        if gives_way {
            self.stage = Stage::Lingering;
        }
        gives_way
    }

    /// Returns when the line ends, whatever has not been read.
    pub(super) fn ends(&self) -> Instant {
        self.until + READ_WITHIN
    }

    /// Begins to read the last messages if it is time. Returns when to come again.
    pub(super) fn leave(&mut self, now: Instant) -> Option<Instant> {
        match self.stage {
            Stage::First => Some(now + HEARD_FIRST_WITHIN),
            Stage::Lingering if now < self.until => Some(self.until),
            Stage::Lingering => {
                self.stage = Stage::Last;
                self.line.mark();
                Some(now)
            }
            Stage::Last => None,
        }
    }
}
