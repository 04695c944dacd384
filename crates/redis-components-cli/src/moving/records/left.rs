//! What is left of a move whose record is gone, or not understood.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Code, Failure};
use crate::moving::records::record::Record;
use crate::moving::servers::fence::{CLOSED, NOWHERE, OPTION};
use crate::session::Session;

/// What the id of a move begins with.
const OF_MOVES: &str = "move-";

impl Session {
    /// Returns the failure for a record that is not understood: what stays if it is deleted, and how that
    /// is taken away.
    pub(super) fn is_no_record(&self, component: &str) -> Failure {
        let key = self.names.record(component);
        let (nowhere, at) = NOWHERE;
        let text = format!(
            "the value under `{key}` on {} is no move that this version understands; go on with the version \
            that wrote it, or forget the move with `DEL {key}` there, which leaves what the move has done: if \
            `{OPTION}` of a server is {CLOSED}, it refuses writes until `CONFIG SET {OPTION} 0` there; a server \
            that is a replica (INFO replication) refuses writes until `REPLICAOF NO ONE` there, which is for \
            the server with the newest data, and for a replica of {nowhere}:{at} if no other has taken over; leave \
            the other server as it is while anybody uses it (`who`); `move {component} --abort` then takes the \
            candidate away; docs/moving.md has the steps",
            self.server
        );
        let failure = Failure::new(Code::MustDecide, text).of_component(component);
        failure.at(&self.server)
    }

    /// Returns a record of the candidates that a move has left, which has no other one; nothing if the
    /// component has no such candidate.
    ///
    /// # Errors
    ///
    /// Returns an error if the control key cannot be read, or another component has the record.
    pub(crate) async fn left_over(&self, component: &str) -> Result<Option<Record>, Failure> {
        let control = self.strict_control().await?;
        let Some(id) = control.candidate(component).and_then(id_of) else {
            return Ok(None);
        };
        let mut old = BTreeMap::new();
        for (other, _) in control
            .candidates()
            .filter(|(_, one)| id_of(one) == Some(id))
        {
            if let Some(record) = self.record(other).await?.filter(|record| record.id == id) {
                let text = format!(
                    "the move of `{component}` has its record under `{other}` still; go on with `move {} \
                    --status`",
                    if record.old.contains_key(other) {
                        other
                    } else {
                        &record.component
                    }
                );
                let failure = Failure::new(Code::WrongState, text).of_component(component);
                return Err(failure.at(&self.server));
            }
            old.insert(other.to_owned(), String::new());
        }
        let id = id.to_owned();
        Ok(Some(Record {
            id,
            ..Record::new(component, old, BTreeMap::new())
        }))
    }
}

/// Returns the id of a candidate if it is one of a move. `set --prepare` offers candidates to which no
/// command goes.
fn id_of(candidate: &Value) -> Option<&str> {
    let is_empty = |part: &str| candidate[part].as_array().is_some_and(Vec::is_empty);
    let is_of_set = is_empty("on") && candidate["hold"].is_null();
    let id = candidate["id"].as_str().filter(|_| !is_of_set)?;
    id.starts_with(OF_MOVES).then_some(id)
}
