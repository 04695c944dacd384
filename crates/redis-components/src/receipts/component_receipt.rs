//! What a process says about one component.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::invalid::InvalidReceipt;
use super::state::ReceiptState;
use super::text::{or_none, some};

/// The first word of a reason that is about a candidate that is not ready.
pub(crate) const CANDIDATE: &str = "candidate";

/// What a process says about one component.
///
/// As text it is `<applied> <seen> <state> <generation> <since> <old_connections> <reason…>`.
/// Digests are as [`ComponentConfig::digest`](crate::ComponentConfig::digest) gives them for the
/// fleet's salt and the config as it is written: the content of a reference is not covered. `-`
/// stands for a missing digest or reason, and 0 for a missing time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComponentReceipt {
    pub(crate) applied: Option<String>,
    pub(crate) seen: Option<String>,
    pub(crate) state: ReceiptState,
    pub(crate) generation: u64,
    /// Unix seconds, or 0.
    pub(crate) since: u64,
    pub(crate) old_connections: u64,
    pub(crate) reason: Option<String>,
}

impl ComponentReceipt {
    /// Reads the value of a component's field. Words that come to be added after the ones that are
    /// known are a part of the reason.
    ///
    /// # Errors
    ///
    /// Returns an error if a word is missing, or is no number where one belongs.
    pub fn parse(text: &str) -> Result<Self, InvalidReceipt> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let mut next = |what| {
            let word = words.next();
            word.ok_or_else(|| InvalidReceipt::new(format!("it has no {what}")))
        };
        let (applied, seen) = (next("applied digest")?, next("digest that was seen")?);
        let state = ReceiptState::of_name(next("state")?);
        let generation = number("generation", next("generation")?)?;
        let since = number("time", next("time")?)?;
        let old_connections = number("count of old connections", next("count")?)?;
        let reason: Vec<&str> = words.collect();
        Ok(Self {
            applied: some(applied),
            seen: some(seen),
            state,
            generation,
            since,
            old_connections,
            reason: some(&reason.join(" ")),
        })
    }

    /// Returns the digest of the config in force, if there is one.
    #[must_use]
    pub fn applied(&self) -> Option<&str> {
        self.applied.as_deref()
    }

    /// Returns the digest of the config that was read last. There is none if the config is missing or
    /// is no usable config.
    #[must_use]
    pub fn seen(&self) -> Option<&str> {
        self.seen.as_deref()
    }

    /// Returns how the process stands to the newest config.
    #[must_use]
    pub fn state(&self) -> ReceiptState {
        self.state
    }

    /// Returns the generation: it grows with each config that comes into force, and when the component
    /// is switched off.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the time at which the config in force came into force.
    #[must_use]
    pub fn since(&self) -> Option<SystemTime> {
        let is_known = self.since > 0;
        let since = is_known.then(|| UNIX_EPOCH.checked_add(Duration::from_secs(self.since)));
        since.flatten()
    }

    /// Returns how many connections of earlier generations are still in use.
    #[must_use]
    pub fn old_connections(&self) -> u64 {
        self.old_connections
    }

    /// Returns why the config in force is not the newest, or cannot be used: the kind of the error
    /// in snake case, and a few words. For [`ReceiptState::Ready`] it is the candidate's id.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Returns what the process says about the component's candidate, if there is one and nothing
    /// else is wrong.
    #[must_use]
    pub fn candidate(&self) -> Option<CandidateReceipt<'_>> {
        let reason = self.reason()?;
        if self.state == ReceiptState::Ready {
            return Some(CandidateReceipt {
                id: reason,
                state: self.state,
                reason: None,
            });
        }
        let mut words = reason.splitn(4, ' ');
        let is_about_one = words.next() == Some(CANDIDATE);
        let (id, state) = (words.next()?, words.next()?);
        is_about_one.then(|| CandidateReceipt {
            id,
            state: ReceiptState::of_name(state),
            reason: words.next(),
        })
    }

    /// Returns the first word of the [`reason`](Self::reason): an [`ErrorKind`](crate::ErrorKind) in
    /// snake case, or the id of a candidate.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.reason()?.split(' ').next()
    }
}

/// What a process says about a candidate: a config that it makes ready before it comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CandidateReceipt<'a> {
    /// The id that the control key gives it.
    pub id: &'a str,
    /// [`ReceiptState::Ready`] if it was proven and is kept ready, or else how it stands.
    pub state: ReceiptState,
    /// Why it is not ready: the kind of the error in snake case, and a few words.
    pub reason: Option<&'a str>,
}

/// Shows the receipt as it is written.
impl fmt::Display for ComponentReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            applied,
            seen,
            state,
            generation,
            since,
            old_connections,
            reason,
        } = self;
        let [applied, seen, reason] = [applied, seen, reason].map(|word| or_none(word.as_deref()));
        write!(
            f,
            "{applied} {seen} {state} {generation} {since} {old_connections} {reason}"
        )
    }
}

fn number(what: &str, word: &str) -> Result<u64, InvalidReceipt> {
    match word {
        "-" => Ok(0),
        _ => word
            .parse()
            .map_err(|_| InvalidReceipt::new(format!("its {what} is no number"))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::ComponentReceipt;
    use crate::receipts::state::ReceiptState;

    #[test]
    fn r14_what_is_written_is_read() {
        for text in [
            "9f3a51c07be2d418 9f3a51c07be2d418 ok 1 1764170000 0 -",
            "- 9f3a51c07be2d418 unreachable 0 0 0 server_unreachable it does not answer",
            "9f3a51c07be2d418 - refused 7 1764170000 12 config_invalid it is no config",
            "- 9f3a51c07be2d418 disabled 4 0 2 -",
            "a b ready 4 5 2 move-17",
            "a a ok 4 5 2 candidate move-17 refused forbidden_by_policy the policy forbids it",
        ] {
            assert_eq!(ComponentReceipt::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn r14_the_parts_are_told() {
        let text = "a - refused 7 1764170000 12 config_invalid no config";
        let receipt = ComponentReceipt::parse(text).unwrap();
        assert_eq!((receipt.applied(), receipt.seen()), (Some("a"), None));
        assert_eq!(receipt.state(), ReceiptState::Refused);
        assert_eq!((receipt.generation(), receipt.old_connections()), (7, 12));
        let since = UNIX_EPOCH + Duration::from_secs(1_764_170_000);
        assert_eq!(receipt.since(), Some(since));
        assert_eq!(receipt.kind(), Some("config_invalid"));
        assert_eq!(receipt.reason(), Some("config_invalid no config"));
    }

    #[test]
    fn r14_later_versions_may_add_words_and_states() {
        let receipt = ComponentReceipt::parse("a a melting 1 - 0").unwrap();
        assert_eq!(receipt.state(), ReceiptState::Unknown);
        assert_eq!((receipt.since(), receipt.reason()), (None, None));
        let receipt = ComponentReceipt::parse("a a ok 1 5 0 - new=1").unwrap();
        assert_eq!(receipt.state(), ReceiptState::Ok);
    }

    #[test]
    fn r8_what_another_process_writes_steers_no_terminal() {
        let long = "x".repeat(10_000);
        let text = format!("a\u{1b}[2J b refused 1 1 0 server_refused \u{202e}{long}");
        let receipt = ComponentReceipt::parse(&text).unwrap();
        assert!(crate::error::text::is_printable(&receipt.to_string()));
        assert!(receipt.to_string().len() < 500);
    }

    #[test]
    fn what_is_no_receipt_is_refused() {
        for text in [
            "",
            "a",
            "a b ok",
            "a b ok 1 2",
            "a b ok x 2 0",
            "a b ok -1 2 0",
        ] {
            assert!(ComponentReceipt::parse(text).is_err(), "{text}");
        }
    }
}
