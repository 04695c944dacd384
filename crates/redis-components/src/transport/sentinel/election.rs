//! Which of several sentinels is right about the primary.

use std::time::{Duration, Instant};

use super::deployments::{Statement, of_the_service};
use crate::config::endpoint::Primary;

/// How long an older epoch is said by everybody before it is believed. The epochs of sentinels
/// start again when their service is removed and added, or when they lose their files.
const BELIEVED_AFTER: Duration = Duration::from_secs(10);

/// The primary in use, and whether the sentinels have begun to count from the start again.
#[derive(Debug, Default)]
pub(super) struct Election {
    in_use: Option<Primary>,
    older: Option<Older>,
}

/// A claim of an older epoch, which every answer makes.
#[derive(Debug)]
struct Older {
    claim: Primary,
    since: Instant,
}

impl Election {
    /// Returns the primary that was elected last.
    pub(super) fn in_use(&self) -> Option<&Primary> {
        self.in_use.as_ref()
    }

    /// Elects from the newest answer of each sentinel, in the order of the config. Returns the
    /// primary if it is another one than before.
    ///
    /// Only answers about the service that is meant count, see [`of_the_service`]. Among them the
    /// highest epoch wins: a sentinel that is cut off from the others has an old one. Among
    /// equal epochs, or without epochs, the majority wins, then the primary in use, then the first
    /// answer. An epoch lower than the one in use wins only if at least half of the `configured`
    /// sentinels say it, none contradicts, and this stays so for [`BELIEVED_AFTER`].
    pub(super) fn decide(
        &mut self,
        statements: &[Statement<'_>],
        configured: usize,
        now: Instant,
    ) -> Option<&Primary> {
        let believed = of_the_service(statements, self.in_use.as_ref(), configured);
        let claims = statements.iter().zip(believed);
        let claims: Vec<&Primary> = claims
            .filter_map(|(one, is_believed)| is_believed.then_some(one.primary))
            .collect();
        let newest = claims.iter().map(|claim| claim.epoch).max()?;
        let of_newest = claims.iter().filter(|claim| claim.epoch == newest);
        let elected = self.most_claimed(&of_newest.copied().collect::<Vec<_>>())?;
        let epoch_in_use = self.in_use.as_ref().and_then(|in_use| in_use.epoch);
        if newest.is_some() && newest < epoch_in_use {
            let agree = claims.iter().all(|claim| claim.address == elected.address);
            let enough = agree && claims.len() * 2 >= configured;
            if !self.is_believed(elected, enough, now) {
                return None;
            }
        }
        self.older = None;
        let before = self.in_use.replace(Primary {
            // A sentinel that says no epoch does not make the one in use unknown.
            epoch: elected.epoch.or(epoch_in_use),
            ..elected.clone()
        });
        let is_same = before.is_some_and(|before| before.address == elected.address);
        self.in_use.as_ref().filter(|_| !is_same)
    }

    fn most_claimed<'a>(&self, claims: &[&'a Primary]) -> Option<&'a Primary> {
        let votes = |claim: &Primary| {
            let same = claims.iter().filter(|other| other.address == claim.address);
            let is_in_use = |in_use: &Primary| in_use.address == claim.address;
            (same.count(), self.in_use.as_ref().is_some_and(is_in_use))
        };
        // Of equal ones, `max_by_key` returns the last.
        claims
            .iter()
            .rev()
            .max_by_key(|claim| votes(claim))
            .copied()
    }

    /// Notes that all answers make a claim of an older epoch. Returns `true` if they have done so
    /// for long enough.
    fn is_believed(&mut self, claim: &Primary, enough: bool, now: Instant) -> bool {
        match &self.older {
            Some(older) if enough && older.claim == *claim => {
                now.saturating_duration_since(older.since) >= BELIEVED_AFTER
            }
            _ => {
                let claim = claim.clone();
                self.older = enough.then_some(Older { claim, since: now });
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::deployments::Statement;
    use super::super::replies::{Answer, Replicas};
    use super::{BELIEVED_AFTER, Election};
    use crate::config::endpoint::{Address, Primary};

    fn says(host: &str, epoch: impl Into<Option<u64>>) -> Answer {
        Answer::Primary(Primary {
            address: address(host),
            epoch: epoch.into(),
        })
    }

    fn address(host: &str) -> Address {
        Address::Tcp {
            host: host.to_owned(),
            port: 6379,
        }
    }

    fn host_of(primary: &Primary) -> &str {
        match &primary.address {
            Address::Tcp { host, .. } => host,
            Address::Unix(_) => panic!("a path"),
        }
    }

    fn elects(election: &mut Election, answers: &[Answer]) -> Option<String> {
        elects_at(election, answers, Instant::now())
    }

    fn elects_at(election: &mut Election, answers: &[Answer], now: Instant) -> Option<String> {
        let named = answers.iter().filter_map(|answer| match answer {
            Answer::Primary(primary) => Some(primary),
            _ => None,
        });
        // They watch the same deployment.
        let all = ["a", "b", "c"].map(address);
        let replicas = Replicas::Known(all.into());
        let statements: Vec<_> = named
            .map(|primary| Statement {
                sentinel: &primary.address,
                is_configured: true,
                primary,
                aliases: &[],
                replicas: &replicas,
            })
            .collect();
        let elected = election.decide(&statements, 3, now);
        elected.map(|primary| host_of(primary).to_owned())
    }

    fn using(host: &str, epoch: impl Into<Option<u64>>) -> Election {
        let mut election = Election::default();
        let elected = elects(&mut election, &[says(host, epoch)]);
        assert_eq!(elected.as_deref(), Some(host));
        election
    }

    #[test]
    fn r13_the_highest_epoch_wins_against_any_number() {
        let answers = [says("a", 4), says("a", 4), says("b", 5)];
        let elected = elects(&mut Election::default(), &answers);
        assert_eq!(elected.as_deref(), Some("b"));
    }

    #[test]
    fn r13_among_equal_epochs_the_majority_wins() {
        let answers = [says("a", 5), says("b", 5), says("b", 5), says("c", 4)];
        let elected = elects(&mut Election::default(), &answers);
        assert_eq!(elected.as_deref(), Some("b"));
    }

    #[test]
    fn r13_if_votes_are_equal_the_primary_in_use_stays() {
        let answers = [says("b", 5), says("a", 5)];
        assert_eq!(elects(&mut using("a", 5), &answers), None);
        let elected = elects(&mut Election::default(), &answers);
        assert_eq!(elected.as_deref(), Some("b"), "the first answer");
    }

    #[test]
    fn r13_without_epochs_the_first_answer_of_the_most_wins() {
        let mut election = Election::default();
        let answers = [says("a", None), says("b", None)];
        assert_eq!(elects(&mut election, &answers).as_deref(), Some("a"));
        assert_eq!(
            elects(&mut election, &[says("b", None)]).as_deref(),
            Some("b")
        );
    }

    #[test]
    fn r13_a_sentinel_without_an_epoch_does_not_outvote_one_with_an_epoch() {
        let answers = [says("a", None), says("a", None), says("b", 1)];
        let elected = elects(&mut Election::default(), &answers);
        assert_eq!(elected.as_deref(), Some("b"));
        let mut election = using("b", 3);
        assert_eq!(
            elects(&mut election, &[says("a", None)]).as_deref(),
            Some("a")
        );
        assert_eq!(
            elects(&mut election, &[says("b", 2)]),
            None,
            "epoch 3 was in use"
        );
    }

    #[test]
    fn r13_a_lower_epoch_does_not_move_back() {
        let mut election = using("b", 5);
        assert_eq!(elects(&mut election, &[says("a", 4)]), None);
        assert_eq!(elects(&mut election, &[says("a", 4), says("a", 4)]), None);
        assert_eq!(host_of(election.in_use().unwrap()), "b");
    }

    #[test]
    fn r2_sentinels_that_count_from_the_start_again_are_believed_after_a_while() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let restarted = [says("a", 0), says("a", 0)];
        let mut election = using("b", 5);
        assert_eq!(elects_at(&mut election, &restarted, start), None);
        assert_eq!(elects_at(&mut election, &restarted, after(9)), None);
        let contradicted = [says("a", 0), says("a", 0), says("b", 5)];
        assert_eq!(elects_at(&mut election, &contradicted, after(9)), None);
        assert_eq!(elects_at(&mut election, &restarted, after(11)), None);
        let end = after(11) + BELIEVED_AFTER;
        let elected = elects_at(&mut election, &restarted, end);
        assert_eq!(elected.as_deref(), Some("a"));
        assert_eq!(election.in_use().unwrap().epoch, Some(0));

        let mut election = using("b", 5);
        let alone = [says("a", 0)];
        assert_eq!(elects_at(&mut election, &alone, start), None);
        let end = start + 2 * BELIEVED_AFTER;
        assert_eq!(elects_at(&mut election, &alone, end), None, "one of three");
    }

    #[test]
    fn r13_nothing_usable_changes_nothing() {
        let answers = [
            Answer::UnknownService,
            Answer::NoAddress,
            Answer::Refused("NOPERM".into()),
        ];
        assert_eq!(elects(&mut Election::default(), &answers), None);
        let mut election = using("a", 1);
        assert_eq!(elects(&mut election, &answers), None);
        assert_eq!(elects(&mut election, &[]), None);
        assert_eq!(host_of(election.in_use().unwrap()), "a");
    }

    #[test]
    fn r13_a_newer_epoch_at_the_same_address_is_remembered() {
        let mut election = using("a", 1);
        assert_eq!(elects(&mut election, &[says("a", 3)]), None);
        assert_eq!(election.in_use().unwrap().epoch, Some(3));
        assert_eq!(elects(&mut election, &[says("b", 2)]), None);
    }

    #[test]
    fn r13_no_order_of_answers_moves_to_a_lower_epoch() {
        let mut random = fastrand::Rng::with_seed(13);
        for _ in 0..2_000 {
            let mut election = Election::default();
            let mut highest = None;
            let now = Instant::now();
            for _ in 0..20 {
                let answers: Vec<Answer> = (0..random.usize(..5))
                    .map(|_| match random.u8(..6) {
                        0 => Answer::UnknownService,
                        _ => says(["a", "b", "c"][random.usize(..3)], random.u64(..4)),
                    })
                    .collect();
                drop(elects_at(&mut election, &answers, now));
                let epoch = election.in_use().and_then(|in_use| in_use.epoch);
                assert!(epoch >= highest, "{epoch:?} after {highest:?}");
                highest = epoch;
            }
        }
    }
}
