//! A command that its server has refused, and that may be sent again.

use std::time::Duration;

use redis::{Cmd, RedisResult, Value};

use crate::client::commands::is_script;
use crate::clock::Tick;
use crate::config::ComponentConfig;
use crate::transport::error_codes::refuses;

/// The first pause while sentinels elect another primary. The next are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Returns `true` if the command was not executed, and may be sent to another server.
pub(super) fn was_refused(command: &Cmd, result: &RedisResult<Value>) -> bool {
    let Ok(reply) = result else { return false };
    refuses(reply, false) && (!is_script(command) || refuses(reply, true))
}

/// The attempts to send a command that was refused, all within its response timeout.
pub(super) struct Attempts {
    since: Tick,
    response: Duration,
    pause: Duration,
}

impl Attempts {
    pub(super) fn begin(since: Tick, response: Duration) -> Self {
        Self {
            since,
            response,
            pause: FIRST_PAUSE,
        }
    }

    /// Returns the time that is left for the command.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.response.checked_sub(self.since.elapsed());
        left.filter(|left| !left.is_zero())
    }

    /// Returns the pause before the next attempt, or `None` if there is none. Between the promotion
    /// of a replica and the word of the sentinels, no server takes writes. Without sentinels nobody
    /// has to say where the component is.
    pub(super) fn next_pause(&mut self, config: &ComponentConfig) -> Option<Duration> {
        config.sentinels()?;
        let pause = self.pause.mul_f64(0.5 + fastrand::f64());
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.left().filter(|left| pause < *left)?;
        Some(pause)
    }
}
