//! A move that does not go on: why, and what to do.

use std::time::Duration;

use crate::failure::{Code, Failure};
use crate::moving::records::record::Record;
use crate::moving::records::written::Other;
use crate::moving::servers::replication::Role;
use crate::moving::servers::silence::Silence;
use crate::moving::standing::others::others;
use crate::moving::standing::sight::{End, Sight};
use crate::moving::standing::state::State;
use crate::session::Session;
use crate::text::counted;

/// How long a replica may take to connect. Only then something is wrong with its link.
const CONNECTS_WITHIN: Duration = Duration::from_secs(3);

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
        if target.keys == 0 || target.replication.is_copy_of(&source.replication) {
            return Ok(());
        }
        let server = self.target.place.address();
        let text = format!(
            "{server} has {} and does not follow {}; they may be its copy, because a server that is \
            started again with `appendonly yes` does not remember what it has followed, or other data, which \
            would be lost; `{component}` has not moved; remove them with FLUSHALL there if nobody needs them, \
            and go on with `--resume`, or give up with `--abort`, which leaves them",
            counted(target.keys, "key"),
            self.source.place.address()
        );
        let failure = Failure::new(Code::NotPossible, text);
        Err(failure.of_component(component).at(&server))
    }

    /// Returns why the data of a target that follows nobody stays there, if it does: nothing but a copy
    /// that nobody uses is removed.
    pub(crate) async fn kept(&self, session: &Session, record: &Record) -> Option<String> {
        let (source, target) = (self.source.seen.as_ref()?, self.target.seen.as_ref()?);
        let server = self.target.place.address();
        if !target.replication.is_copy_of(&source.replication) {
            return Some(format!(
                "{server} keeps {}: it does not follow {} any more, and they may be other data; remove them \
                with FLUSHALL there if nobody needs them",
                counted(target.keys, "key"),
                self.source.place.address()
            ));
        }
        let why = match others(session, record, &[&self.target.place]).await {
            Ok(None) => return None,
            Ok(Some(others)) => format!("it is for the data of {others}"),
            Err(failure) => failure.message,
        };
        Some(format!("{server} keeps its copy of the data: {why}"))
    }

    /// Returns the failure of a move with a config that is neither the old nor the new one: which server has
    /// the data, and how its config is written.
    pub(super) fn has_other_config(
        &self,
        session: &Session,
        record: &Record,
        other: &Other,
    ) -> Failure {
        let [old, new] = other.servers(record);
        let [to_old, to_new] = other.commands(record);
        let component = &*record.component;
        let advice = match self.state {
            State::Planned | State::Copying | State::Synced | State::Cutting => {
                format!("{old} has the data and takes writes: write its config with `{to_old}`")
            }
            State::Fenced => format!(
                "{old} has the data, and refuses writes because of a cut that was interrupted: let it take them \
                again with `move {component} --abort`, and then write its config with `{to_old}`"
            ),
            State::TakenOver | State::Cut | State::Committed | State::Gone => {
                format!("{new} has the data and takes writes: write its config with `{to_new}`")
            }
            State::HandingOver => format!(
                "{old} hands the data over to {new} now: look again, and then write the config of the one that \
                takes writes, with `{to_old}` or `{to_new}`"
            ),
            State::Split | State::Loading | State::Refusing | State::Unreachable => format!(
                "it is not known which of the two has the newest data ({}, {}): write the config of that one, \
                with `{to_old}` or `{to_new}`",
                self.source.described(),
                self.target.described()
            ),
        };
        other.failure(session, record, &advice)
    }

    /// Returns the failure of a move that no command can carry on.
    pub(crate) fn must_decide(&self, component: &str) -> Failure {
        let fence = if self.is_fenced {
            " (the first refuses writes because of `min-replicas-to-write`)"
        } else {
            ""
        };
        let is_replica = |end: &End| end.is_role(|role| matches!(role, Role::Replica { .. }));
        let advice = match self.links() {
            Ok(_) if is_replica(&self.source) && is_replica(&self.target) => {
                "neither takes writes: let the one that has the data take them with REPLICAOF NO ONE there, \
                and go on with `--resume`"
                    .to_owned()
            }
            Ok(_) => {
                "compare what both have, set the config to the one that keeps the data, and let the other \
                follow it with REPLICAOF, which removes what only that other has"
                    .to_owned()
            }
            Err(failure) => failure.message,
        };
        let text = format!(
            "a person must decide about the move of `{component}`: {}, {}{fence}; {advice}",
            self.source.described(),
            self.target.described(),
        );
        Failure::new(Code::MustDecide, text).of_component(component)
    }

    /// Returns what a person must know if the move goes on without the source.
    pub(crate) fn goes_on_alone(&self) -> String {
        let (source, target) = (self.source.place.address(), self.target.place.address());
        format!(
            "{source} does not answer, and {target} has all that it had written when it stepped down, so the \
            move goes on; if {source} was started again since, what it took then is not on {target}; start \
            it only as a replica (`--replicaof {} {}`)",
            self.target.place.host, self.target.place.port
        )
    }

    /// Returns the failure of a move whose source has stepped down behind a fence and does not answer any
    /// more, if the target does not show that it has all.
    pub(crate) fn lacks(&self, component: &str) -> Option<Failure> {
        let end = self.stood.as_ref()?.end?;
        let is_dead = self.source.silence() == Some(Silence::NoAnswer);
        if self.state != State::Unreachable || !is_dead || self.target.seen.is_none() {
            return None;
        }
        let source = self.source.place.address();
        let text = format!(
            "a person must decide about the move of `{component}`: {source} does not answer, and had written \
            up to offset {end} when it stepped down; {} does not show that it has all of that; if {source} \
            runs, let it go on; if it is down and its data is on its disk, start it again; then go on with \
            `--resume`; if its data is lost, let {} take writes with REPLICAOF NO ONE, and set the config to it",
            self.target.described(),
            self.target.place.address()
        );
        Some(Failure::new(Code::MustDecide, text).of_component(component))
    }

    /// Returns the failure of a cut that was interrupted, after which the source takes writes again.
    pub(crate) fn not_cut(&self) -> Failure {
        let (source, target) = (self.source.place.address(), self.target.place.address());
        let text = format!(
            "{target} did not get all writes of {source} in time, which takes writes again; the cut begins \
            anew"
        );
        Failure::new(Code::NotReady, text).at(&source)
    }

    /// Returns the failure of a cut that was not begun, because the target has lost its link to the source.
    pub(crate) fn lost_link(&self, component: &str) -> Failure {
        let (source, target) = (self.source.place.address(), self.target.place.address());
        let text = format!(
            "{target} has lost its link to {source}, which takes writes as before; nothing has moved; the \
            log of {target} says why; go on with `--resume` when the link stays, or give up with `--abort`"
        );
        let failure = Failure::new(Code::NotReady, text).of_component(component);
        failure.at(&target)
    }

    /// Returns `true` if the source lists the target by an address that nobody knows: time does not
    /// help then.
    pub(crate) fn is_known_otherwise(&self) -> bool {
        let replicas = self.source.replicas();
        self.state == State::Copying
            && self.target.is_in_step()
            && !replicas.is_empty()
            && replicas.iter().all(|replica| replica.is_online)
    }

    /// As [`not_synced`](Self::not_synced), if the target was made a replica so long ago.
    pub(crate) fn not_copied(&self, component: &str, since: Duration) -> Failure {
        if since > CONNECTS_WITHIN || self.links().is_err() || !self.source.replicas().is_empty() {
            return self.not_synced(component);
        }
        let (source, target) = (self.source.place.address(), self.target.place.address());
        let text = format!(
            "{target} does not have a copy of {source} yet, and the time is over; it goes on copying: go on \
            with `--resume`, or give up with `--abort`"
        );
        Failure::new(Code::NotReady, text).of_component(component)
    }

    /// Returns the failure of a copy that is not complete in time, or of a server that does not say where
    /// it stands.
    pub(crate) fn not_synced(&self, component: &str) -> Failure {
        if let Err(failure) = self.links() {
            return failure.of_component(component);
        }
        let target = self.target.place.address();
        let replicas = self.source.replicas().iter();
        let online: Vec<_> = replicas.filter(|replica| replica.is_online).collect();
        let (code, text) = if self.target.is_in_step() && !online.is_empty() {
            let online: Vec<_> = online.iter().map(|one| one.address()).collect();
            let text = format!(
                "{target} is in step, and {} knows it by another address, one of {}, or has lost its link to \
                it; set `replica-announce-ip` and `replica-announce-port` on {target} to the address that \
                the config names, send it CLIENT KILL TYPE master so that it connects again, and go on with \
                `--resume`, or give up with `--abort`",
                self.source.place.address(),
                online.join(", ")
            );
            // Time does not help.
            (Code::NotPossible, text)
        } else if self.source.seen.is_some() && self.source.replicas().is_empty() {
            let source = self.source.place.address();
            let text = format!(
                "{target} has no link to {source}; its log says why: look at the login of the replication, \
                which needs +psync +replconf +ping there, and at the way between the two; go on with \
                `--resume`, or give up with `--abort`"
            );
            (Code::NotReady, text)
        } else {
            let text = format!(
                "{target} does not have a copy in time; it goes on copying: go on with `--resume`, or \
                give up with `--abort`"
            );
            (Code::NotReady, text)
        };
        Failure::new(code, text).of_component(component)
    }
}
