//! Callers that stay subscribed while their component moves, and publish to themselves.
//!
//! What has reached a subscriber is heard, or the subscriber is told that something is missing. No
//! fault excuses anything else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis_components::SubscriberEvent;
use tokio::sync::{mpsc, oneshot};

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
/// How long a subscriber stays, in milliseconds.
const LONGEST_STAY: u64 = 20_000;
/// The longest pause between two messages, in milliseconds.
const LONGEST_PAUSE: u64 = 50;
/// How long the last messages may take, or the news that they are missed: a server that is silent
/// is found out in less than half of it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn start(soak: &Arc<Soak>, fleets: &Fleets, crew: &mut Crew) {
    for fleet in Fleet::BOTH {
        for number in 0..TASKS {
            let name = format!("follower:{number}");
            let caller = Caller::new(soak, Class::Follower, Which::Queue, fleet, &name);
            crew.spawn_in(fleets, fleet, follow(caller));
        }
    }
}

/// What a subscriber has been sent.
#[derive(Default)]
struct Messages {
    /// With the times at which publishing began.
    reached: Vec<(u64, Instant)>,
    heard: BTreeSet<u64>,
    /// When it was last told that something is missing.
    told: Option<Instant>,
}

impl Messages {
    fn missing(&self) -> Vec<u64> {
        let reached = self.reached.iter();
        let untold = reached.filter(|(_, begun)| self.told.is_none_or(|told| told < *begun));
        let numbers = untold.map(|(number, _)| *number);
        numbers
            .filter(|number| !self.heard.contains(number))
            .collect()
    }
}

async fn follow(caller: Caller) {
    while let Some(_turn) = caller.soak.gate.pass().await {
        let channel = caller.text();
        let (ready, subscribed) = oneshot::channel();
        let (events, heard) = mpsc::unbounded_channel();
        let begun = Instant::now();
        let (followed, messages) = tokio::join!(
            queue::follow(&channel, ready, events),
            publish(&caller, &channel, subscribed, heard),
        );
        let call = Span::since(begun);
        let bound = LONGEST_WAIT + LONGEST_CALL + Duration::from_millis(LONGEST_STAY) + PATIENCE;
        match followed {
            // Whoever is told that it ends is told that it hears no more.
            Err(error) => caller.failed(call, bound, &error.into()),
            Ok(()) => {
                caller.answered(call, bound);
                let missing = messages.missing();
                if !missing.is_empty() {
                    caller.wrong(&format!(
                        "a subscriber was not told that it missed {missing:?} of {}",
                        messages.reached.len()
                    ));
                }
            }
        }
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
    }
}

/// Publishes numbers, and waits until all are heard that have reached the subscriber.
async fn publish(
    caller: &Caller,
    channel: &str,
    subscribed: oneshot::Receiver<()>,
    mut events: mpsc::UnboundedReceiver<SubscriberEvent>,
) -> Messages {
    let mut messages = Messages::default();
    // A subscriber that failed drops its end.
    if subscribed.await.is_err() {
        return messages;
    }
    let until = Instant::now() + pause(LONGEST_STAY);
    let mut number = 0;
    while Instant::now() < until && caller.soak.gate.is_open() && !events.is_closed() {
        number += 1;
        let begun = Instant::now();
        let text = number.to_string();
        let publishing = queue::publish(channel, &text);
        if publishing.await.is_ok_and(|reached| reached > 0) {
            messages.reached.push((number, begun));
        }
        tokio::time::sleep(pause(LONGEST_PAUSE)).await;
        while let Ok(event) = events.try_recv() {
            note(caller, &mut messages, event);
        }
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !messages.missing().is_empty()
        && let Ok(Some(event)) = tokio::time::timeout_at(deadline, events.recv()).await
    {
        note(caller, &mut messages, event);
    }
    messages
}

fn note(caller: &Caller, messages: &mut Messages, event: SubscriberEvent) {
    match event {
        SubscriberEvent::Message(message) => match message.get_payload::<u64>() {
            Ok(number) => {
                messages.heard.insert(number);
            }
            Err(error) => caller.wrong(&format!("a message was mixed up: {error}")),
        },
        SubscriberEvent::Lost(_) => messages.told = Some(Instant::now()),
        event if event.is_gap() => messages.told = Some(Instant::now()),
        _ => {}
    }
}
