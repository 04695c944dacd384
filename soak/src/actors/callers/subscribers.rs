//! Callers that subscribe, each time on a new connection, and publish a message to themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::RedisResult;
use tokio::sync::oneshot;

use super::crew::{Crew, pause};
use crate::actors::caller::Caller;
use crate::components::queue;
use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::places::{LONGEST_CALL, LONGEST_WAIT};
use crate::record::class::Class;
use crate::record::history::Span;
use crate::soak::Soak;
use crate::which::Which;

/// Tasks for each fleet.
const TASKS: usize = 2;
const LONGEST_PAUSE: u64 = 200;
/// How long a subscriber waits for a message. The message is there when its publisher is answered.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn start(soak: &Arc<Soak>, fleets: &Fleets, crew: &mut Crew) {
    for fleet in Fleet::BOTH {
        for number in 0..TASKS {
            let name = format!("subscriber:{number}");
            let caller = Caller::new(soak, Class::Subscriber, Which::Queue, fleet, &name);
            crew.spawn_in(fleets, fleet, subscribe(caller));
        }
    }
}

async fn subscribe(caller: Caller) {
    while let Some(_turn) = caller.soak.gate.pass().await {
        let text = caller.text();
        let (ready, subscribed) = oneshot::channel();
        let begun = Instant::now();
        let hearing = queue::hear(&text, ready, PATIENCE);
        let publishing = async {
            // A subscriber that failed drops its end.
            subscribed.await.ok()?;
            queue::publish(&text, &text).await.ok()
        };
        let (heard, reached) = tokio::join!(hearing, publishing);
        judge(
            &caller,
            Span::since(begun),
            &text,
            heard,
            reached == Some(1),
        );
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
    }
}

/// Judges a subscription: a published message that reached a subscriber must be heard.
fn judge(
    caller: &Caller,
    call: Span,
    text: &str,
    heard: RedisResult<Option<String>>,
    reached: bool,
) {
    let bound = LONGEST_WAIT + LONGEST_CALL + PATIENCE;
    match heard {
        Ok(Some(message)) if message != text => {
            caller.wrong(&format!("a message was mixed up: `{message}` for `{text}`"));
        }
        Ok(None) if reached => {
            let lost = redis::RedisError::from((redis::ErrorKind::Io, "a message was lost"));
            caller.failed(call, bound, &lost);
        }
        Ok(_) => caller.answered(call, bound),
        Err(error) => caller.failed(call, bound, &error),
    }
}
