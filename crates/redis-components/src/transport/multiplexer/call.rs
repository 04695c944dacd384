//! One request on the way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use redis::{Cmd, ErrorKind, Pipeline, RedisResult, Value};
use tokio::time::Instant;

use super::awaited::{Awaited, Expected};
use super::shared::{Shared, State};
use super::slots::SlotNumber;
use crate::fork::MADE_BEFORE_FORK;

/// A longer bound is none.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// What is sent.
#[derive(Clone, Copy)]
pub(super) enum Request<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
}

/// A request that is added when this is first polled, and its result.
pub(super) struct Call<'a> {
    shared: &'a Shared,
    request: Request<'a>,
    slot: Option<SlotNumber>,
}

impl<'a> Call<'a> {
    pub(super) fn new(shared: &'a Shared, request: Request<'a>) -> Self {
        Self {
            shared,
            request,
            slot: None,
        }
    }
}

impl Future for Call<'_> {
    type Output = RedisResult<Value>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = self.shared;
        if !shared.is_of_this_process() {
            return Poll::Ready(Err((ErrorKind::Io, MADE_BEFORE_FORK).into()));
        }
        let mut state = shared.state();
        if let Some(slot) = self.slot {
            let result = state.slots.poll(slot, context.waker());
            if result.is_ready() {
                self.slot = None;
            }
            return result;
        }
        if let Some(error) = state.end() {
            return Poll::Ready(Err(error));
        }
        if self.request.has_empty_command() {
            return Poll::Ready(Err((ErrorKind::Client, "empty command").into()));
        }
        let response = shared.response.min(LONGEST);
        self.slot = self.request.add(&mut state, response, context.waker());
        shared.send(state);
        match self.slot {
            Some(_) => Poll::Pending,
            None => Poll::Ready(Ok(Value::Nil)),
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot
            && self.shared.is_of_this_process()
        {
            self.shared.state().slots.abandon(slot);
        }
    }
}

impl Request<'_> {
    /// No server answers a command without words.
    fn has_empty_command(self) -> bool {
        let is_empty = |command: &Cmd| command.args_iter().next().is_none();
        match self {
            Self::Command(command) => is_empty(command),
            Self::Pipeline(pipeline) => pipeline.is_empty() || pipeline.cmd_iter().any(is_empty),
        }
    }

    /// Adds the request behind all others. Returns the place of its result, unless nobody waits for
    /// that.
    fn add(self, state: &mut State, response: Duration, waker: &Waker) -> Option<SlotNumber> {
        let is_awaited = match self {
            Self::Command(command) => !command.is_no_response(),
            Self::Pipeline(_) => true,
        };
        let slot = is_awaited.then(|| state.slots.insert(waker.clone()));
        let requests = &mut state.requests;
        let replies = match self {
            Self::Command(command) => {
                command.write_packed_command(requests);
                Expected::One
            }
            Self::Pipeline(pipeline) => {
                let is_transaction = pipeline.is_transaction();
                if is_transaction {
                    requests.extend_from_slice(b"*1\r\n$5\r\nMULTI\r\n");
                }
                for command in pipeline.cmd_iter() {
                    command.write_packed_command(requests);
                }
                if is_transaction {
                    requests.extend_from_slice(b"*1\r\n$4\r\nEXEC\r\n");
                }
                Expected::several(pipeline.len() + if is_transaction { 2 } else { 0 })
            }
        };
        state.sent.push_back(Awaited {
            slot,
            deadline: Instant::now() + response,
            replies,
        });
        slot
    }
}
