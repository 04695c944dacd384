//! Commands that are sent together: the pieces that go to nodes, and the replies that come back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use redis::{Cmd, Value};

use super::hash_slot::hash_slot;
use super::join::{Join, error_of, join};
use super::node_number::NodeNumber;
use super::route::{Route, needs_session, route, words};
use crate::client::commands::is_script;
use crate::client::reads::changes_nothing;
use crate::error::Error;

/// Where a piece goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Slot(u16),
    Node(NodeNumber),
    Anywhere,
}

/// A command, or a part of one, that one node executes.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) command: Cow<'a, Cmd>,
    pub(crate) goal: Goal,
    /// The number of the command that it belongs to.
    pub(super) number: usize,
    pub(crate) is_script: bool,
}

/// The pieces of commands that are sent together, in the order of the commands.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) pieces: Vec<Piece<'a>>,
    /// How each command's replies become one. `None` for a command of one piece.
    joins: Vec<Option<Joining>>,
}

#[derive(Debug)]
struct Joining {
    how: Join,
    changes_nothing: bool,
    pieces: usize,
    /// The keys that each piece has, by their numbers.
    places: Vec<Vec<usize>>,
}

impl<'a> Plan<'a> {
    /// Splits commands into pieces. `primaries` are the nodes to which a command for all goes.
    ///
    /// # Errors
    ///
    /// Returns an error if no node can answer one of the commands. Then none may be sent.
    pub(crate) fn of(
        commands: impl IntoIterator<Item = &'a Cmd>,
        primaries: impl Fn() -> Vec<NodeNumber>,
    ) -> Result<Self, Error> {
        let mut plan = Self {
            pieces: Vec::new(),
            joins: Vec::new(),
        };
        for command in commands {
            match route(command)? {
                Route::Slot(slot) => plan.add_whole(command, Goal::Slot(slot)),
                Route::Anywhere => plan.add_whole(command, Goal::Anywhere),
                Route::Split(how) => plan.add_split(command, how),
                Route::Everywhere(how) => plan.add_everywhere(command, how, &primaries()),
                Route::Session => return Err(needs_session(command)),
            }
        }
        Ok(plan)
    }

    fn add_whole(&mut self, command: &'a Cmd, goal: Goal) {
        self.add_piece(Cow::Borrowed(command), goal);
        self.joins.push(None);
    }

    fn add_everywhere(&mut self, command: &'a Cmd, how: Join, primaries: &[NodeNumber]) {
        if primaries.is_empty() {
            return self.add_whole(command, Goal::Anywhere);
        }
        for primary in primaries {
            self.add_piece(Cow::Borrowed(command), Goal::Node(*primary));
        }
        self.joins.push(Some(Joining {
            how,
            changes_nothing: changes_nothing(command),
            pieces: primaries.len(),
            places: Vec::new(),
        }));
    }

    /// Adds a piece for each slot that the command has keys of.
    fn add_split(&mut self, command: &'a Cmd, how: Join) {
        let mut of_slots: BTreeMap<u16, (Cmd, Vec<usize>)> = BTreeMap::new();
        let mut words = words(command);
        let name = words.next().unwrap_or_default();
        for (number, key) in words.enumerate() {
            let begin = || {
                let mut part = Cmd::new();
                part.arg(name);
                (part, Vec::new())
            };
            let (part, numbers) = of_slots.entry(hash_slot(key)).or_insert_with(begin);
            part.arg(key);
            numbers.push(number);
        }
        let mut places = Vec::with_capacity(of_slots.len());
        for (slot, (part, numbers)) in of_slots {
            self.add_piece(Cow::Owned(part), Goal::Slot(slot));
            places.push(numbers);
        }
        self.joins.push(Some(Joining {
            how,
            changes_nothing: changes_nothing(command),
            pieces: places.len(),
            places,
        }));
    }

    fn add_piece(&mut self, command: Cow<'a, Cmd>, goal: Goal) {
        let piece = Piece {
            is_script: is_script(&command),
            command,
            goal,
            number: self.joins.len(),
        };
        self.pieces.push(piece);
    }

    /// Returns a reply for each command, out of a reply for each piece.
    pub(crate) fn merge(self, replies: impl IntoIterator<Item = Value>) -> Vec<Value> {
        let mut replies = replies.into_iter();
        let merge = |joining: Option<Joining>| match joining {
            None => replies.next().unwrap_or(Value::Nil),
            Some(joining) => {
                let replies: Vec<Value> = replies.by_ref().take(joining.pieces).collect();
                error_of(&replies, joining.changes_nothing)
                    .unwrap_or_else(|| join(joining.how, replies, &joining.places))
            }
        };
        self.joins.into_iter().map(merge).collect()
    }
}

#[cfg(test)]
mod tests;
