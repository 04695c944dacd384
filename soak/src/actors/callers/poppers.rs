//! Callers that wait for elements, each call on its own connection, and callers that push elements.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use redis::RedisResult;

use super::crew::{Crew, pause};
use crate::actors::caller::{Caller, was_sent};
use crate::components::queue;
use crate::fleet::Fleet;
use crate::fleets::Fleets;
use crate::lock::lock;
use crate::places::{LONGEST_CALL, LONGEST_WAIT};
use crate::record::class::Class;
use crate::record::elements::Elements;
use crate::record::history::Span;
use crate::soak::Soak;
use crate::which::Which;

/// How long a pop waits for an element, at the server.
const WAIT_SECONDS: u64 = 2;
/// The longest time that a pop may take.
const LONGEST_POP: Duration = LONGEST_WAIT.saturating_add(Duration::from_secs(WAIT_SECONDS));
/// The longest pause between two pushes, in milliseconds. Some pops end without an element.
const LONGEST_PAUSE: u64 = 400;
/// The longest pause after a pop, in milliseconds, so that failing callers do not spin.
const LONGEST_REST: u64 = 10;
/// One pop in this many is given up.
const GIVEN_UP: u64 = 5;
const LONGEST_PATIENCE: u64 = 1000;

/// A caller that pops from its own queue, and a caller that pushes to it.
#[derive(Clone)]
struct Pair {
    popper: Caller,
    pusher: Caller,
    elements: Arc<Mutex<Elements>>,
}

pub(super) fn start(soak: &Arc<Soak>, fleets: &Fleets, crew: &mut Crew) {
    for fleet in Fleet::BOTH {
        let pair = Pair::new(soak, fleet, "pop");
        crew.spawn_in(fleets, fleet, pair.clone().push());
        crew.spawn_in(fleets, fleet, pair.pop());

        let pair = Pair::new(soak, fleet, "pop-blocking");
        crew.spawn_in(fleets, fleet, pair.clone().push());
        let fleets = fleets.clone();
        let work = move || fleets.run_blocking(fleet, || pair.pop_blocking());
        crew.spawn_thread(work);
    }
}

impl Pair {
    fn new(soak: &Arc<Soak>, fleet: Fleet, name: &str) -> Self {
        let popper = Caller::new(soak, Class::Pop, Which::Queue, fleet, name);
        Self {
            pusher: popper.clone().with_class(Class::Push),
            elements: soak.new_queue(&format!("{}:elements", popper.key)),
            popper,
        }
    }

    fn key(&self) -> String {
        format!("{}:elements", self.popper.key)
    }

    async fn push(self) {
        let key = self.key();
        while let Some(_turn) = self.pusher.soak.gate.pass().await {
            let element = lock(&self.elements).next();
            let begun = Instant::now();
            let pushed = queue::push(&key, element).await;
            self.pushed(Span::since(begun), element, pushed);
            tokio::time::sleep(pause(LONGEST_PAUSE)).await;
        }
    }

    fn pushed(&self, call: Span, element: u64, pushed: RedisResult<()>) {
        match pushed {
            Ok(()) => {
                lock(&self.elements).pushed(element);
                self.pusher.answered(call, LONGEST_CALL);
            }
            Err(error) => {
                if !was_sent(&error)
                    && let Err(wrong) = lock(&self.elements).not_pushed(element)
                {
                    self.pusher.wrong(&wrong);
                }
                self.pusher.failed(call, LONGEST_CALL, &error);
            }
        }
    }

    async fn pop(self) {
        let key = self.key();
        while let Some(_turn) = self.popper.soak.gate.pass().await {
            let begun = Instant::now();
            let popping = queue::pop(&key, WAIT_SECONDS);
            if fastrand::u64(0..GIVEN_UP) > 0 {
                let popped = popping.await;
                self.popped(Span::since(begun), &key, popped);
            } else {
                match tokio::time::timeout(pause(LONGEST_PATIENCE), popping).await {
                    Ok(popped) => self.popped(Span::since(begun), &key, popped),
                    Err(_) => {
                        lock(&self.elements).unanswered();
                        self.popper.soak.tally.cancelled(Class::Pop);
                    }
                }
            }
            tokio::time::sleep(pause(LONGEST_REST)).await;
        }
    }

    fn pop_blocking(&self) {
        let key = self.key();
        while let Some(_turn) = self.popper.soak.gate.pass_blocking() {
            let begun = Instant::now();
            let popped = queue::pop_blocking(&key, WAIT_SECONDS);
            self.popped(Span::since(begun), &key, popped);
            thread::sleep(pause(LONGEST_REST));
        }
    }

    fn popped(&self, call: Span, key: &str, popped: RedisResult<Option<(String, u64)>>) {
        match popped {
            Ok(popped) => {
                if let Some((queue, element)) = popped {
                    if queue != key {
                        self.popper
                            .wrong(&format!("an answer was mixed up: queue `{queue}`"));
                    }
                    if let Err(wrong) = lock(&self.elements).popped(element) {
                        self.popper.wrong(&wrong);
                    }
                }
                self.popper.answered(call, LONGEST_POP);
            }
            Err(error) => {
                if was_sent(&error) {
                    lock(&self.elements).unanswered();
                }
                self.popper.failed(call, LONGEST_POP, &error);
            }
        }
    }
}
