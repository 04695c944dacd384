//! Which receipts to read again: those whose process has written lately, and a share of all others.

use std::collections::BTreeMap;

/// Scores are seconds, so a second change within one second is not seen in them.
const LOOKS_AFTER_A_CHANGE: u8 = 3;

/// The index of a fleet, as it was read last.
#[derive(Debug, Default)]
pub(super) struct Index {
    members: BTreeMap<String, Member>,
    /// The member that was read last because it was its turn.
    turn: String,
}

#[derive(Debug)]
struct Member {
    score: f64,
    /// How often it is still read because its score has changed.
    looks: u8,
}

impl Index {
    /// Notes all members with their scores, and returns those that have gone.
    pub(super) fn note(&mut self, found: Vec<(String, f64)>) -> Vec<String> {
        let mut members = BTreeMap::new();
        for (name, score) in found {
            let known = self.members.remove(&name);
            let looks = match known {
                Some(known) if known.score.to_bits() == score.to_bits() => known.looks,
                _ => LOOKS_AFTER_A_CHANGE,
            };
            members.insert(name, Member { score, looks });
        }
        std::mem::replace(&mut self.members, members)
            .into_keys()
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns the members to read now: those that have changed, and `share` others in their turn.
    pub(super) fn due(&mut self, share: usize) -> Vec<String> {
        let mut due = Vec::new();
        for (name, member) in &mut self.members {
            if member.looks > 0 {
                member.looks -= 1;
                due.push(name.clone());
            }
        }
        let later = self.members.range(self.turn.clone()..);
        let later = later
            .map(|(name, _)| name)
            .filter(|name| **name != self.turn);
        let earlier = self
            .members
            .range(..=self.turn.clone())
            .map(|(name, _)| name);
        let next: Vec<String> = later.chain(earlier).take(share).cloned().collect();
        if let Some(last) = next.last() {
            self.turn.clone_from(last);
        }
        due.extend(next);
        due.sort_unstable();
        due.dedup();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    fn all(scores: &[(&str, u32)]) -> Vec<(String, f64)> {
        let own = |(name, score): &(&str, u32)| ((*name).to_owned(), f64::from(*score));
        scores.iter().map(own).collect()
    }

    #[test]
    fn what_has_changed_is_read_at_once_and_all_others_in_turn() {
        let mut index = Index::default();
        let names: Vec<String> = (0..5).map(|number| format!("p{number}")).collect();
        let scores = |changed: u32| {
            let score = |(number, name): (usize, &String)| {
                (
                    name.clone(),
                    f64::from(if number == 3 { changed } else { 1 }),
                )
            };
            names.iter().enumerate().map(score).collect::<Vec<_>>()
        };
        assert_eq!(index.note(scores(1)), [""; 0]);
        assert_eq!(index.due(0).len(), 5);
        assert_eq!(index.due(0).len(), 5);
        assert_eq!(index.due(0).len(), 5);
        assert_eq!(index.due(2), ["p0", "p1"]);
        assert_eq!(index.due(2), ["p2", "p3"]);
        assert_eq!(index.due(2), ["p0", "p4"]);
        index.note(scores(2));
        assert_eq!(index.due(1), ["p1", "p3"]);
        assert_eq!(index.due(0), ["p3"]);
        assert_eq!(index.due(0), ["p3"]);
        assert_eq!(index.due(0), [""; 0]);
        assert_eq!(index.due(9).len(), 5);
    }

    #[test]
    fn who_has_gone_is_told() {
        let mut index = Index::default();
        index.note(all(&[("a", 1), ("b", 1)]));
        assert_eq!(index.note(all(&[("b", 1), ("c", 1)])), ["a"]);
        assert_eq!(index.len(), 2);
    }
}
