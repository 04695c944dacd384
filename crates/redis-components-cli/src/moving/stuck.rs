//! A move that does not go on: why, and what to do.

use super::seen::Seen;
use super::sight::Sight;
use crate::failure::{Code, Failure};

impl Sight {
    /// Demands that a target that follows nobody has no data of its own, which a copy would replace.
    ///
    /// # Errors
    ///
    /// Returns an error if it has.
    pub(crate) fn demand_no_other_data(&self, component: &str) -> Result<(), Failure> {
        let (Some(source), Some(target)) = (&self.source.seen, &self.target.seen) else {
            return Ok(());
        };
        if target.keys == 0 || target.is_copy_of(source) {
            return Ok(());
        }
        let server = self.target.place.address();
        let text = format!(
            "{server} has {} keys that it did not copy, which would be lost; `{component}` has not moved; \
            give up with `--abort`, or remove them with FLUSHALL there and go on with `--resume`",
            target.keys
        );
        let failure = Failure::new(Code::NotPossible, text);
        Err(failure.of_component(component).at(&server))
    }

    /// Returns the failure of a move that no command can carry on.
    pub(crate) fn must_decide(&self, component: &str) -> Failure {
        let fence = if self.is_fenced {
            " (the first refuses writes because of `min-replicas-to-write`)"
        } else {
            ""
        };
        let text = format!(
            "a person must decide about the move of `{component}`: {}, {}{fence}; let one of them \
            follow the other with REPLICAOF, and set the config to the one that keeps the data",
            self.source.described(),
            self.target.described(),
        );
        Failure::new(Code::MustDecide, text).of_component(component)
    }

    /// Returns the failure of a copy that is not complete in time.
    pub(crate) fn not_synced(&self, component: &str) -> Failure {
        let target = self.target.place.address();
        let replicas = self.source.seen.iter().flat_map(|seen| &seen.replicas);
        let online: Vec<_> = replicas.filter(|replica| replica.is_online).collect();
        let is_in_step = self.target.seen.as_ref().is_some_and(Seen::is_in_step);
        let text = if is_in_step && !online.is_empty() {
            let online: Vec<_> = online.iter().map(|one| one.address()).collect();
            format!(
                "{target} is in step, and the source knows it by another address, one of {}; set \
                `replica-announce-ip` and `replica-announce-port` there to the address that the config \
                names, and go on with `--resume`, or give up with `--abort`",
                online.join(", ")
            )
        } else if self
            .source
            .seen
            .as_ref()
            .is_some_and(|seen| seen.replicas.is_empty())
        {
            let source = self.source.place.address();
            format!(
                "{target} has no link to {source}; its log says why: look at the login of the replication, \
                which needs +psync +replconf +ping there, and at the way between the two; go on with \
                `--resume`, or give up with `--abort`"
            )
        } else {
            format!(
                "{target} does not have a copy in time; it goes on copying: go on with `--resume`, or \
                give up with `--abort`"
            )
        };
        Failure::new(Code::NotReady, text).of_component(component)
    }
}
