//! A caller's counts of its own calls, compared with the servers' counts.

use crate::places::{SERVERS, name};

/// The counts of one key on each server. Only one caller increments it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The newest count that was answered.
    answered: [u64; SERVERS],
    /// How many calls have succeeded.
    succeeded: [u64; SERVERS],
    /// How many calls ended without an answer, on any server.
    unanswered: u64,
}

impl Ledger {
    /// Notes a call whose answer is unknown.
    pub(crate) fn unanswered(&mut self) {
        self.unanswered += 1;
    }

    /// Notes an answer.
    ///
    /// # Errors
    ///
    /// Returns an error if a call was lost or executed twice.
    pub(crate) fn answered(&mut self, server: usize, count: u64) -> Result<(), String> {
        self.succeeded[server] += 1;
        if count <= self.answered[server] {
            return Err(format!(
                "a call was lost: {count} was answered on {} after {}",
                name(server),
                self.answered[server]
            ));
        }
        self.answered[server] = count;
        self.none_made_twice()
    }

    /// Compares with the counts of the servers at rest, and starts again from these.
    ///
    /// # Errors
    ///
    /// Returns an error if a call was lost or executed twice.
    pub(crate) fn settle(&mut self, counts: [u64; SERVERS]) -> Result<(), String> {
        for (server, count) in counts.iter().enumerate() {
            if *count < self.answered[server] {
                return Err(format!(
                    "calls were lost: {} holds {count}, and {} was answered",
                    name(server),
                    self.answered[server]
                ));
            }
        }
        self.answered = counts;
        self.none_made_twice()?;
        self.succeeded = counts;
        self.unanswered = 0;
        Ok(())
    }

    /// Checks that every call that was counted without success ended without an answer.
    fn none_made_twice(&self) -> Result<(), String> {
        let counted: u64 = self.answered.iter().sum();
        let succeeded: u64 = self.succeeded.iter().sum();
        let unaccounted = counted - succeeded;
        if unaccounted > self.unanswered {
            return Err(format!(
                "a call was executed twice: {counted} were counted, {succeeded} succeeded and {} ended without an answer",
                self.unanswered
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, SERVERS};

    /// The counts of the first servers, and none on the others.
    fn counts(first: &[u64]) -> [u64; SERVERS] {
        std::array::from_fn(|server| first.get(server).copied().unwrap_or(0))
    }

    #[test]
    fn each_call_is_counted_once() {
        let mut ledger = Ledger::default();
        ledger.answered(0, 1).unwrap();
        ledger.answered(1, 1).unwrap();
        ledger.answered(0, 2).unwrap();
        ledger.settle(counts(&[2, 1])).unwrap();
        ledger.answered(0, 3).unwrap();
        let error = ledger.answered(0, 3).unwrap_err();
        assert!(error.contains("lost"), "{error}");
    }

    #[test]
    fn a_call_that_failed_is_counted_at_most_once() {
        let mut ledger = Ledger::default();
        ledger.unanswered();
        ledger.answered(0, 2).unwrap();
        let error = ledger.answered(0, 4).unwrap_err();
        assert!(error.contains("executed twice"), "{error}");
    }

    #[test]
    fn what_is_lost_in_the_end_is_found() {
        let mut ledger = Ledger::default();
        ledger.answered(2, 1).unwrap();
        assert!(ledger.settle(counts(&[])).unwrap_err().contains("lost"));
        let mut ledger = Ledger::default();
        assert!(
            ledger
                .settle(counts(&[0, 1]))
                .unwrap_err()
                .contains("twice")
        );
    }
}
