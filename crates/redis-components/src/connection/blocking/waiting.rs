//! Commands that wait for longer than others.

use std::thread;
use std::time::{Duration, Instant};

use redis::{Cmd, RedisResult, Value};

use super::{Connection, Following, Inner, Kind};
use crate::client::blocking::session::Waits;
use crate::client::threads::BlockingClient;
use crate::client::waiting::{Rest, rest};
use crate::connection::give_dedicated;
use crate::error::{Error, ErrorKind};
use crate::slot::Slot;
use crate::slot::published::OfGeneration;
use crate::telemetry::component::Subject;
use crate::transport::error_codes::{is_ended_by_demotion, is_unblocked};

/// A server looks ten times a second which calls have waited for long enough.
const LOOKED_EVERY: Duration = Duration::from_millis(100);

/// How often a call that its server has ended looks whether its component has moved.
const MOVES_WITHIN: Duration = Duration::from_millis(5);

impl Connection {
    /// Sends a command that waits, and sends it again where the component is if it moves meanwhile.
    pub(super) fn wait_for(&mut self, command: &Cmd) -> RedisResult<Value> {
        let (begun, mut shorter) = (Instant::now(), None);
        loop {
            let command_now = shorter.as_ref().unwrap_or(command);
            let (pooled, pool, slot, wait) = match &mut self.inner {
                Inner::Pooled { pooled, pool, kind } => match kind {
                    Kind::Following(Following { slot, wait }) => (pooled, pool, slot, wait),
                    Kind::Staying => match pooled.wait_for(command, false) {
                        Err(error) if error.is_timeout() && pool.is_cut() => {
                            return Err(pool.was_cut().into());
                        }
                        answer => return answer,
                    },
                    Kind::Shared => return self.send_one_packed(&command.get_packed_command()),
                },
                Inner::Own(_) => return self.send_one_packed(&command.get_packed_command()),
            };
            let follows = pooled.is_clean();
            if follows && pool.has_moved() {
                let opened = Self::open_following(slot, *wait)?;
                self.inner = opened.inner;
                continue;
            }
            match pooled.wait_for(command_now, follows) {
                Ok(answer @ Value::ServerError(_))
                    if follows
                        && is_unblocked(&answer)
                        && has_moved_by_now(slot, pool, &answer) =>
                {
                    match rest(command, begun.elapsed()) {
                        Rest::Whole => {}
                        Rest::Part(part) => shorter = Some(part),
                        Rest::Nothing => return Ok(Value::Nil),
                    }
                }
                Err(error) if error.is_timeout() && pool.has_moved() => {
                    return Err(pool.stayed_too_long().into());
                }
                answer => return answer,
            }
        }
    }
}

/// Returns `true` if the component has moved. If its server has become a replica and ended what
/// waited there, that comes within moments: there is a candidate, or sentinels say so.
fn has_moved_by_now(slot: &Slot, pool: &OfGeneration<BlockingClient>, answer: &Value) -> bool {
    let begun = Instant::now();
    let has_successor = slot.candidate().is_some() || pool.config.sentinels().is_some();
    while is_ended_by_demotion(answer)
        && has_successor
        && !pool.has_moved()
        && begun.elapsed() < pool.timeouts.response
    {
        thread::sleep(MOVES_WITHIN);
    }
    pool.has_moved()
}

/// Returns `true` if all answers are there before a response is overdue.
pub(super) fn is_short(waits: &Waits<'_>, response: Duration) -> bool {
    let bound = waits.bound.map(|bound| bound.saturating_add(LOOKED_EVERY));
    bound.is_some_and(|bound| bound < response)
}

/// Returns the error for commands that may wait longer than their connection does.
pub(super) fn refusal(
    function: Option<&'static str>,
    waits: &Waits<'_>,
    pool: &OfGeneration<BlockingClient>,
) -> Error {
    let Subject { component, key } = &pool.subject;
    let command = String::from_utf8_lossy(waits.command).to_ascii_uppercase();
    let response = pool.timeouts.response;
    let advice = give_dedicated(function);
    let text = format!(
        "`{command}` may wait for longer than the response timeout ({response:?}) and could then take something that \
         no caller gets, so it was not sent; {advice}, or a shorter timeout"
    );
    Error::new(ErrorKind::NeedsDedicated, text).about(component, key, None)
}
