//! Notices that a server was demoted, for functions whose answers this crate does not see.

use std::sync::atomic::{AtomicU8, Ordering};

use redis::Value;

use crate::transport::role::Role;

const UNKNOWN: u8 = 0;
const PRIMARY: u8 = 1;
const REPLICA: u8 = 2;
/// The user may not ask, or the server has another answer.
const UNKNOWABLE: u8 = 3;

/// The role of a connection's server at the first question.
#[derive(Debug, Default)]
pub(super) struct FirstRole(AtomicU8);

impl FirstRole {
    /// Returns `true` if no answer has come yet.
    pub(super) fn is_unknown(&self) -> bool {
        self.0.load(Ordering::Relaxed) == UNKNOWN
    }

    /// Notes an answer to `ROLE`. Returns `true` if the server was a primary and is no longer one.
    ///
    /// A component whose config names a replica is meant to use it.
    pub(super) fn was_demoted(&self, answer: &Value) -> bool {
        let role = role(answer);
        let relaxed = Ordering::Relaxed;
        let first = self.0.compare_exchange(UNKNOWN, role, relaxed, relaxed);
        first == Err(PRIMARY) && role == REPLICA
    }
}

fn role(answer: &Value) -> u8 {
    match Role::of_role(answer) {
        Some(Role::Primary) => PRIMARY,
        Some(Role::Replica) => REPLICA,
        None => UNKNOWABLE,
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::FirstRole;

    fn answer(role: &str) -> Value {
        Value::Array(vec![Value::BulkString(role.into()), Value::Int(0)])
    }

    #[test]
    fn r4_a_primary_that_becomes_a_replica_was_demoted() {
        let role = FirstRole::default();
        assert!(role.is_unknown());
        assert!(!role.was_demoted(&answer("master")));
        assert!(!role.is_unknown());
        assert!(!role.was_demoted(&answer("master")));
        assert!(role.was_demoted(&answer("slave")));
    }

    #[test]
    fn a_server_whose_role_cannot_be_asked_was_not() {
        let role = FirstRole::default();
        assert!(!role.was_demoted(&Value::Nil));
        assert!(!role.is_unknown());
        assert!(!role.was_demoted(&answer("slave")));
    }

    #[test]
    fn a_replica_from_the_start_was_not() {
        let role = FirstRole::default();
        assert!(!role.was_demoted(&answer("slave")));
        assert!(!role.was_demoted(&answer("slave")));
    }
}
