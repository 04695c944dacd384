//! The order of commands: which refused ones may be sent again after later ones were executed.

use std::collections::HashSet;

use super::hash_slot::hash_slot;
use super::plan::{Goal, Piece};
use super::route::words;

/// Returns which pieces may be sent again, by their numbers in `sent`, in the order of sending.
///
/// A refused piece may be sent again if no later command that may have a key in common with it was
/// executed. Otherwise two commands for one key would change places.
pub(super) fn may_go_again<'a>(
    sent: impl DoubleEndedIterator<Item = (&'a Piece<'a>, bool)>,
) -> Vec<bool> {
    let mut later = Later::default();
    let mut again: Vec<bool> = sent
        .rev()
        .map(|(piece, was_refused)| {
            let goes = was_refused && !later.touches(piece);
            // Earlier pieces must not overtake a piece that stays refused either.
            if !goes {
                later.add(piece);
            }
            goes
        })
        .collect();
    again.reverse();
    again
}

/// What later pieces are about that are not sent again.
#[derive(Default)]
struct Later<'a> {
    /// The words that may be keys: the keys of a command in one slot all have that slot.
    keys: HashSet<(u16, &'a [u8])>,
    slots: HashSet<u16>,
    /// The slots of scripts, which may use keys that they do not name.
    scripts: HashSet<u16>,
    /// Pieces that are not about one slot.
    others: Vec<&'a Piece<'a>>,
}

impl<'a> Later<'a> {
    fn add(&mut self, piece: &'a Piece<'a>) {
        if has_no_key(piece) {
            return;
        }
        let Goal::Slot(slot) = piece.goal else {
            return self.others.push(piece);
        };
        self.slots.insert(slot);
        if piece.is_script {
            self.scripts.insert(slot);
        }
        self.keys.extend(possible_keys(piece, slot));
    }

    /// Returns `true` if a piece may be about the same keys.
    fn touches(&self, piece: &'a Piece<'a>) -> bool {
        if has_no_key(piece) {
            return false;
        }
        let mut others = self
            .others
            .iter()
            .filter(|other| other.number != piece.number);
        match piece.goal {
            Goal::Slot(slot) => {
                others.next().is_some()
                    || self.scripts.contains(&slot)
                    || piece.is_script && self.slots.contains(&slot)
                    || possible_keys(piece, slot).any(|key| self.keys.contains(&key))
            }
            Goal::Node(node) => {
                !self.slots.is_empty()
                    || others
                        .any(|other| !matches!(other.goal, Goal::Node(another) if another != node))
            }
            Goal::Anywhere => !self.slots.is_empty() || others.next().is_some(),
        }
    }
}

/// Returns the words of a piece that may be keys of `slot`, with it.
fn possible_keys<'a>(
    piece: &'a Piece<'a>,
    slot: u16,
) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
    words(&piece.command)
        .skip(1)
        .filter(move |word| hash_slot(word) == slot)
        .map(move |word| (slot, word))
}

/// Returns `true` for a command such as `ECHO` or `PUBLISH`. A script may use keys that it does not
/// name.
fn has_no_key(piece: &Piece<'_>) -> bool {
    piece.goal == Goal::Anywhere && !piece.is_script
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Goal, Piece, may_go_again};

    fn piece(number: usize, words: &[&str], goal: Goal) -> Piece<'static> {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        Piece {
            command: Cow::Owned(command),
            goal,
            number,
            is_script: words[0] == "EVAL",
        }
    }

    #[test]
    fn r4_commands_without_keys_keep_no_refused_command_from_going_again() {
        let count = piece(0, &["INCR", "k"], Goal::Slot(7));
        for (other, goes) in [
            (&["ECHO", "k"][..], true),
            (&["PUBLISH", "channel", "k"], true),
            (&["EVAL", "return 1", "0"], false),
        ] {
            let other = piece(1, other, Goal::Anywhere);
            let sent = [(&count, true), (&other, false)];
            assert_eq!(may_go_again(sent.into_iter()), [goes, false], "{other:?}");
            let refused = [(&other, true), (&count, false)];
            assert_eq!(
                may_go_again(refused.into_iter()),
                [goes, false],
                "{other:?}"
            );
        }
    }
}
