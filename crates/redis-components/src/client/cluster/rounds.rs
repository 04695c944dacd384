//! Pieces on their way: sent, judged, and sent again while that replays nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::{Pipeline, RedisError, Value};

use super::map::ClusterMap;
use super::node_number::NodeNumber;
use super::order::may_go_again;
use super::plan::{Goal, Piece};
use super::redirect::{Refusal, refusal};
use crate::error::Error;

/// After this many redirects in a row, two nodes disagree, and time is left to them.
const MOST_HOPS: u32 = 5;

/// The first pause before a command is sent again to a node that does not serve it for the moment.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// Pieces, and the replies that have come.
pub(super) struct Rounds<'p> {
    pieces: &'p [Piece<'p>],
    replies: Vec<Value>,
    /// The pieces that are to be sent, in order.
    todo: Vec<Todo>,
    pace: Pace,
}

struct Todo {
    piece: usize,
    /// Where the last refusal says it goes.
    to: Option<Target>,
    /// The node that has answered.
    by: Option<NodeNumber>,
    reply: Value,
}

/// A node, and whether it is asked for a slot that it does not own yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) node: NodeNumber,
    pub(super) is_asking: bool,
}

impl Target {
    /// Returns the node as one that owns the slot.
    pub(super) fn owner(node: NodeNumber) -> Self {
        Self {
            node,
            is_asking: false,
        }
    }
}

/// Pieces that go to one node together, in order.
pub(super) struct Batch {
    pub(super) node: NodeNumber,
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) piece: usize,
    pub(super) is_asking: bool,
    todo: usize,
}

/// What follows a round.
pub(super) enum Next {
    Done,
    /// Send what is left again, after a pause.
    Again(Again),
}

/// What to do before pieces are sent again.
#[derive(Default)]
pub(super) struct Again {
    /// How many pieces are sent again. A piece that had no node is sent for the first time.
    pub(super) pieces: usize,
    /// The node that owns a slot that has moved.
    pub(super) knows_best: Option<NodeNumber>,
    pub(super) pause: Option<Duration>,
}

/// When something that was refused goes again: redirects at once, all else after growing pauses.
pub(super) struct Pace {
    hops: u32,
    pause: Duration,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            hops: 0,
            pause: FIRST_PAUSE,
        }
    }

    /// Returns the pause before the next round. `is_redirect` says that it goes to another node.
    pub(super) fn next(&mut self, is_redirect: bool) -> Option<Duration> {
        self.hops += 1;
        if is_redirect && self.hops <= MOST_HOPS {
            return None;
        }
        let pause = self.pause.mul_f64(0.5 + fastrand::f64());
        self.pause *= 2;
        self.hops = 0;
        Some(pause)
    }
}

/// Returns where a refusal says that a piece goes, if it names a node. A slot that has moved is
/// noted.
pub(super) fn redirected(refusal: &Refusal, map: &ClusterMap) -> Option<Target> {
    let (node, is_asking) = match refusal {
        Refusal::Moved(redirect) => (map.note_move(redirect)?, false),
        Refusal::Ask(redirect) => (map.table.number_of(redirect.to.as_ref()?)?, true),
        Refusal::Later => return None,
    };
    Some(Target { node, is_asking })
}

impl Batch {
    /// Returns the commands of its pieces, some behind an ASKING.
    pub(super) fn commands(&self, pieces: &[Piece<'_>]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for item in &self.items {
            if item.is_asking {
                pipeline.cmd("ASKING");
            }
            pipeline.add_command(pieces[item.piece].command.clone().into_owned());
        }
        pipeline
    }

    /// Returns the replies to its pieces, without those to ASKING.
    pub(super) fn replies(&self, replies: Vec<Value>) -> Vec<Value> {
        let mut replies = replies.into_iter();
        let of_piece = |item: &Item| {
            if item.is_asking {
                replies.next();
            }
            replies.next()
        };
        self.items.iter().filter_map(of_piece).collect()
    }
}

impl<'p> Rounds<'p> {
    pub(super) fn new(pieces: &'p [Piece<'p>]) -> Self {
        let todo = |piece| Todo {
            piece,
            to: None,
            by: None,
            reply: Value::Nil,
        };
        Self {
            pieces,
            replies: vec![Value::Nil; pieces.len()],
            todo: (0..pieces.len()).map(todo).collect(),
            pace: Pace::new(),
        }
    }

    /// Returns the pieces to send now. `find` says which node a piece goes to if no refusal has
    /// said so; without one it counts as refused.
    pub(super) fn batches(&mut self, find: impl Fn(Goal) -> Option<NodeNumber>) -> Vec<Batch> {
        let mut batches: BTreeMap<NodeNumber, Vec<Item>> = BTreeMap::new();
        for (number, todo) in self.todo.iter_mut().enumerate() {
            let owner = || find(self.pieces[todo.piece].goal).map(Target::owner);
            match todo.to.take().or_else(owner) {
                Some(Target { node, is_asking }) => batches.entry(node).or_default().push(Item {
                    piece: todo.piece,
                    is_asking,
                    todo: number,
                }),
                None => {
                    todo.by = None;
                    todo.reply = not_served();
                }
            }
        }
        let batch = |(node, items)| Batch { node, items };
        batches.into_iter().map(batch).collect()
    }

    /// Takes the reply to the only piece, which was sent before.
    pub(super) fn take_first(&mut self, by: NodeNumber, reply: Value) {
        if let Some(todo) = self.todo.first_mut() {
            todo.by = Some(by);
            todo.reply = reply;
        }
    }

    /// Takes the replies to a batch.
    pub(super) fn take(&mut self, batch: &Batch, replies: Vec<Value>) {
        for (item, reply) in batch.items.iter().zip(replies) {
            if let Some(todo) = self.todo.get_mut(item.todo) {
                todo.by = Some(batch.node);
                todo.reply = reply;
            }
        }
    }

    /// Decides what goes again.
    pub(super) fn judge(&mut self, map: &ClusterMap) -> Next {
        let todo = std::mem::take(&mut self.todo);
        let refusals: Vec<Option<Refusal>> =
            todo.iter().map(|todo| self.refusal(todo, map)).collect();
        let sent = todo.iter().zip(&refusals);
        let sent = sent.map(|(todo, refusal)| (&self.pieces[todo.piece], refusal.is_some()));
        let goes = may_go_again(sent);
        let mut again = Again::default();
        let mut all_redirected = true;
        for ((mut todo, refusal), goes) in todo.into_iter().zip(refusals).zip(goes) {
            match refusal.filter(|_| goes) {
                Some(refusal) => {
                    todo.to = redirected(&refusal, map);
                    match (todo.to, &refusal) {
                        (Some(to), Refusal::Moved(_)) => again.knows_best = Some(to.node),
                        (Some(_), _) => {}
                        (None, _) => all_redirected = false,
                    }
                    again.pieces += usize::from(todo.by.is_some());
                    self.todo.push(todo);
                }
                None => self.replies[todo.piece] = todo.reply,
            }
        }
        if self.todo.is_empty() {
            return Next::Done;
        }
        again.pause = self.pace.next(all_redirected);
        Next::Again(again)
    }

    fn refusal(&self, todo: &Todo, map: &ClusterMap) -> Option<Refusal> {
        if !matches!(todo.reply, Value::ServerError(_)) {
            return None;
        }
        let Some(by) = todo.by else {
            // It was not sent.
            return Some(Refusal::Later);
        };
        // A node that has left meanwhile has answered nevertheless.
        let by = map.table.address(by).unwrap_or_default();
        refusal(&todo.reply, self.pieces[todo.piece].is_script, &by)
    }

    /// Returns a reply for each piece. What was refused to the end keeps its refusal.
    pub(super) fn finish(self) -> Vec<Value> {
        let mut replies = self.replies;
        for todo in self.todo {
            replies[todo.piece] = todo.reply;
        }
        replies
    }
}

/// The answer of a server to a command for a slot that no node owns.
pub(super) fn not_served() -> Value {
    let reply = redis::parse_redis_value(b"-CLUSTERDOWN Hash slot not served\r\n");
    reply.unwrap_or(Value::Nil)
}

pub(super) fn not_served_error() -> RedisError {
    let error = not_served().extract_error().err();
    error.unwrap_or_else(timed_out)
}

/// Returns the error of commands that were not sent. An error of the runtime would say that nothing
/// of their call was, even if others were sent before.
pub(super) fn unsent(error: RedisError, others_were_sent: bool) -> RedisError {
    if !others_were_sent || Error::of(&error).is_none() {
        return error;
    }
    let message = "a part of the call was sent, and the rest was not";
    (redis::ErrorKind::Io, message, error.to_string()).into()
}

/// The error of a call whose time is over.
pub(super) fn timed_out() -> RedisError {
    RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::not_served;

    #[test]
    fn a_slot_without_an_owner_answers_as_a_server_does() {
        let Value::ServerError(error) = not_served() else {
            panic!("no error");
        };
        assert_eq!(error.code(), "CLUSTERDOWN");
    }
}
