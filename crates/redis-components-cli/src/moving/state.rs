//! Where a move stands. Nothing keeps a journal: it is what both servers and the configs say.

use serde::Serialize;

use super::seen::{Failover, Role, Seen};

/// Where a move stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The target follows nobody, and is empty or has at most a copy of what the source had.
    Planned,
    /// The target receives a copy.
    Copying,
    /// The target has what the source has.
    Synced,
    /// The source holds writes until the target has all of them.
    Cutting,
    /// The source is a replica, and the target has not taken over.
    HandingOver,
    /// The target takes writes, and the configs still name the source.
    Cut,
    /// The configs name the target, and the source follows it.
    Committed,
    /// The configs name the target, and the source does not answer.
    Gone,
    /// Both take writes, or a server follows a third.
    Split,
    /// A server does not answer that is needed to say more.
    Unreachable,
}

/// What a move is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) source: Option<&'a Seen>,
    pub(crate) source_port: u16,
    pub(crate) target: Option<&'a Seen>,
    pub(crate) target_port: u16,
    /// Whether the configs of all components name the target.
    pub(crate) is_committed: bool,
    /// Whether a cut may have been tried, so that the target may have what the source has not.
    pub(crate) may_be_cut: bool,
}

impl View<'_> {
    /// Returns where the move stands.
    pub(crate) fn state(self) -> State {
        let (source, target) = match (self.source, self.target) {
            (Some(source), Some(target)) => (source, target),
            (None, Some(target)) if target.is_primary() && self.is_committed => return State::Gone,
            _ => return State::Unreachable,
        };
        let target_follows = target.follows(self.source_port);
        match (&source.role, &target.role) {
            // A target that has started again has forgotten that it is a replica.
            (Role::Primary, Role::Primary)
                if !self.is_committed && (target.keys == 0 || !self.may_be_cut) =>
            {
                State::Planned
            }
            (Role::Primary, Role::Replica { .. }) if !target_follows => State::Split,
            (Role::Primary, _) if source.failover == Failover::WaitingForSync => State::Cutting,
            (Role::Primary, Role::Replica { is_in_step, .. }) => {
                let mut replicas = source.replicas.iter();
                let is_online =
                    replicas.any(|replica| replica.port == self.target_port && replica.is_online);
                if *is_in_step && is_online {
                    State::Synced
                } else {
                    State::Copying
                }
            }
            (Role::Replica { .. }, _) if !source.follows(self.target_port) => State::Split,
            (Role::Replica { .. }, Role::Primary) if self.is_committed => State::Committed,
            (Role::Replica { .. }, Role::Primary) => State::Cut,
            (Role::Replica { .. }, Role::Replica { .. }) if target_follows => State::HandingOver,
            _ => State::Split,
        }
    }
}

impl State {
    /// Returns `true` if the target takes writes, or will in a moment.
    pub(crate) fn is_after_cut(self) -> bool {
        matches!(
            self,
            Self::HandingOver | Self::Cut | Self::Committed | Self::Gone
        )
    }

    /// Returns what a state means, and what to do.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Planned => "not begun; --resume begins, --abort forgets it",
            Self::Copying => "copying; --resume waits for it, --abort gives it up",
            Self::Synced => "the copy is complete; --cut moves the component, --abort gives it up",
            Self::Cutting | Self::HandingOver => "cutting; --resume carries it on",
            Self::Cut => "the data has moved; --resume lets the configs follow, --undo goes back",
            Self::Committed => "moved; --finish ends the move, --undo goes back without loss",
            Self::Gone => "moved, and the old server is gone; --finish ends the move",
            Self::Split => "both servers take writes, or one follows a third; a person must decide",
            Self::Unreachable => "a server does not answer",
        }
    }

    /// Returns `true` if the move can be undone without loss.
    pub(crate) fn can_be_undone(self) -> bool {
        matches!(self, Self::Cut | Self::Committed)
    }
}

#[cfg(test)]
mod tests {
    use super::{State, View};
    use crate::moving::seen::Seen;

    const SOURCE: u16 = 1;
    const TARGET: u16 = 2;

    fn primary(more: &str) -> Seen {
        Seen::parse(&format!("role:master\r\n{more}"))
    }

    fn replica(of: u16, link: &str) -> Seen {
        Seen::parse(&format!(
            "role:slave\r\nmaster_port:{of}\r\nmaster_link_status:{link}\r\nmaster_sync_in_progress:0\r\n"
        ))
    }

    #[test]
    fn r15_the_state_is_what_the_servers_and_the_configs_say() {
        let online = "slave0:ip=h,port=2,state=online\r\n";
        let waiting = "master_failover_state:waiting-for-sync\r\n";
        let keys = "db0:keys=1\r\n";
        let cases = [
            (
                Some(primary(keys)),
                Some(primary("")),
                false,
                State::Planned,
            ),
            (
                Some(primary(keys)),
                Some(primary(keys)),
                false,
                State::Split,
            ),
            (Some(primary(keys)), Some(primary("")), true, State::Split),
            (
                Some(primary(keys)),
                Some(replica(SOURCE, "down")),
                false,
                State::Copying,
            ),
            (
                Some(primary(keys)),
                Some(replica(SOURCE, "up")),
                false,
                State::Copying,
            ),
            (
                Some(primary(online)),
                Some(replica(SOURCE, "up")),
                false,
                State::Synced,
            ),
            (
                Some(primary(keys)),
                Some(replica(9, "up")),
                false,
                State::Split,
            ),
            (
                Some(primary(waiting)),
                Some(replica(SOURCE, "up")),
                false,
                State::Cutting,
            ),
            (
                Some(replica(TARGET, "down")),
                Some(replica(SOURCE, "up")),
                false,
                State::HandingOver,
            ),
            (
                Some(replica(TARGET, "up")),
                Some(primary(keys)),
                false,
                State::Cut,
            ),
            (
                Some(replica(TARGET, "up")),
                Some(primary(keys)),
                true,
                State::Committed,
            ),
            (
                Some(replica(9, "up")),
                Some(primary(keys)),
                true,
                State::Split,
            ),
            (None, Some(primary(keys)), true, State::Gone),
            (None, Some(primary(keys)), false, State::Unreachable),
            (Some(primary(keys)), None, false, State::Unreachable),
            (None, None, true, State::Unreachable),
        ];
        for (source, target, is_committed, state) in cases {
            let view = View {
                source: source.as_ref(),
                source_port: SOURCE,
                target: target.as_ref(),
                target_port: TARGET,
                is_committed,
                may_be_cut: true,
            };
            assert_eq!(view.state(), state, "{view:?}");
        }
        let (source, target) = (primary(keys), primary(keys));
        let view = View {
            source: Some(&source),
            source_port: SOURCE,
            target: Some(&target),
            target_port: TARGET,
            is_committed: false,
            may_be_cut: false,
        };
        assert_eq!(view.state(), State::Planned);
    }
}
