//! Where a move stands. Nothing keeps a journal: it is what both servers and the configs say.

use serde::Serialize;

use crate::moving::servers::replication::{Failover, Role};
use crate::moving::servers::seen::Seen;

/// Where a move stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
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
    /// The source refuses writes, and the target has not taken over.
    Fenced,
    /// The target has taken over, and the source refuses writes and does not follow it yet.
    TakenOver,
    /// The target takes writes, and the configs still name the source.
    Cut,
    /// The configs name the target, and the source follows it.
    Committed,
    /// The configs name the target, and the source does not answer.
    Gone,
    /// Both take writes, none does, or a server follows a third.
    Split,
    /// A server answers that it loads its data.
    Loading,
    /// A server answers, and refuses to say more.
    Refusing,
    /// A server does not answer that is needed to say more.
    Unreachable,
}

/// What a move is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) source: Option<&'a Seen>,
    pub(crate) target: Option<&'a Seen>,
    /// Whether a server that is not seen answers that it loads its data.
    pub(crate) is_loading: bool,
    /// Whether a server that is not seen answers, and refuses to say more.
    pub(crate) is_refusing: bool,
    /// Whether the source is a replica of the target.
    pub(crate) source_follows: bool,
    /// Whether the target is a replica of the source.
    pub(crate) target_follows: bool,
    /// Whether the source lists the target as a replica that is online.
    pub(crate) target_is_online: bool,
    /// Whether the configs of all components name the target.
    pub(crate) is_committed: bool,
    /// Whether the target may have what the source has not, because a cut was tried.
    pub(crate) may_be_cut: bool,
    /// Whether the source refuses writes because of a fence.
    pub(crate) is_fenced: bool,
    /// Whether the target has all that the source had written when it had stepped down.
    pub(crate) has_all: bool,
}

impl View<'_> {
    /// Returns where the move stands.
    pub(crate) fn state(self) -> State {
        let (source, target) = match (self.source, self.target) {
            (Some(source), Some(target)) => (source, target),
            _ if self.is_loading => return State::Loading,
            _ if self.is_refusing => return State::Refusing,
            (None, Some(target)) if target.is_primary() && self.is_committed => return State::Gone,
            (None, Some(target)) if self.has_all && !self.is_committed => {
                return if target.is_primary() {
                    State::TakenOver
                } else {
                    State::Fenced
                };
            }
            _ => return State::Unreachable,
        };
        match (&source.replication.role, &target.replication.role) {
            (Role::Replica { .. }, Role::Primary) if self.is_fenced => {
                // One that was started again is a primary too.
                if target.replication.succeeds(&source.replication) {
                    State::TakenOver
                } else {
                    State::Split
                }
            }
            (_, Role::Replica { .. }) if self.is_fenced && self.target_follows => State::Fenced,
            (Role::Primary, Role::Primary)
                if self.is_fenced
                    && !self.is_committed
                    && (!self.may_be_cut
                        || target.keys == 0
                        || target.replication.is_copy_of(&source.replication)) =>
            {
                State::Fenced
            }
            // A target that has started again has forgotten that it is a replica. One that has taken
            // over may be empty because callers have consumed all.
            (Role::Primary, Role::Primary)
                if !self.is_committed
                    && (!self.may_be_cut
                        || target.is_new()
                        || target.replication.is_copy_of(&source.replication)) =>
            {
                State::Planned
            }
            (Role::Primary, Role::Replica { .. }) if !self.target_follows => State::Split,
            (Role::Primary, _) if source.replication.failover == Failover::WaitingForSync => {
                State::Cutting
            }
            (Role::Primary, Role::Replica { is_in_step, .. }) => {
                if *is_in_step && self.target_is_online {
                    State::Synced
                } else {
                    State::Copying
                }
            }
            (Role::Replica { .. }, _) if !self.source_follows => State::Split,
            (Role::Replica { .. }, Role::Primary) if self.is_committed => State::Committed,
            (Role::Replica { .. }, Role::Primary) => State::Cut,
            // The source is seen first: one that is a replica for good has a target that has taken over.
            (Role::Replica { .. }, Role::Replica { .. })
                if self.target_follows && source.replication.failover == Failover::InProgress =>
            {
                State::HandingOver
            }
            _ => State::Split,
        }
    }
}

impl State {
    /// Returns `true` if the target has a copy, or receives one, and the source takes writes.
    pub(crate) fn is_before_cut(self) -> bool {
        matches!(self, Self::Copying | Self::Synced)
    }

    /// Returns `true` if a server is not seen without which no more can be said.
    pub(crate) fn is_unseen(self) -> bool {
        matches!(self, Self::Loading | Self::Refusing | Self::Unreachable)
    }

    /// Returns `true` if the source takes writes and no cut is under way.
    pub(crate) fn is_uncut(self) -> bool {
        self == Self::Planned || self.is_before_cut()
    }

    /// Returns `true` if the target takes writes, or will in a moment.
    pub(crate) fn is_after_cut(self) -> bool {
        matches!(
            self,
            Self::HandingOver | Self::TakenOver | Self::Cut | Self::Committed | Self::Gone
        )
    }

    /// Returns the word for it.
    #[cfg(feature = "top")]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Copying => "copying",
            Self::Synced => "synced",
            Self::Cutting => "cutting",
            Self::HandingOver => "handing_over",
            Self::Fenced => "fenced",
            Self::TakenOver => "taken_over",
            Self::Cut => "cut",
            Self::Committed => "committed",
            Self::Gone => "gone",
            Self::Split => "split",
            Self::Loading => "loading",
            Self::Refusing => "refusing",
            Self::Unreachable => "unreachable",
        }
    }

    /// Returns what a state means, and what to do.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Planned => "not begun; --resume begins, --abort forgets it",
            Self::Copying => "copying; --resume waits for it, --abort gives it up",
            Self::Synced => "the copy is complete; --cut moves the component, --abort gives it up",
            Self::Cutting | Self::HandingOver => "cutting; --resume carries it on",
            Self::Fenced => {
                "writes are refused; --resume carries the cut on, --abort gives them back"
            }
            Self::TakenOver => "cutting; the new server takes writes, --resume carries it on",
            Self::Cut => "the data has moved; --resume lets the configs follow, --undo goes back",
            Self::Committed => "moved; --finish ends the move, --undo goes back without loss",
            Self::Gone => "moved, and the old server is gone; --finish ends the move",
            Self::Split => {
                "both servers take writes, none does, or one follows a third; a person must decide"
            }
            Self::Loading => "a server loads its data; --resume waits for it",
            Self::Refusing => "a server is up and does not say where it stands",
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
    use crate::moving::servers::seen::Seen;

    const NOTHING: View<'static> = View {
        source: None,
        target: None,
        is_loading: false,
        is_refusing: false,
        source_follows: false,
        target_follows: false,
        target_is_online: false,
        is_committed: false,
        may_be_cut: true,
        is_fenced: false,
        has_all: false,
    };

    #[test]
    fn r15_the_state_is_what_the_servers_and_the_configs_say() {
        let primary = |more: &str| Seen::parse(&format!("role:master\r\n{more}"));
        let replica = |link: &str| {
            let role = "role:slave\r\nmaster_sync_in_progress:0\r\n";
            Seen::parse(&format!("{role}master_link_status:{link}\r\n"))
        };
        let (keys, empty) = (&primary("db0:keys=1\r\n"), &primary(""));
        let waiting = &primary("master_failover_state:waiting-for-sync\r\n");
        let (in_step, down) = (&replica("up"), &replica("down"));
        let of = |source, target| View {
            source: Some(source),
            target: Some(target),
            ..NOTHING
        };
        let follows = |source, target| View {
            target_follows: true,
            ..of(source, target)
        };
        let followed = |source, target| View {
            source_follows: true,
            ..of(source, target)
        };
        let online = |view| View {
            target_is_online: true,
            ..view
        };
        let committed = |view| View {
            is_committed: true,
            ..view
        };
        let before_cut = |view| View {
            may_be_cut: false,
            ..view
        };
        let without_source_of = |target| View {
            target: Some(target),
            ..NOTHING
        };
        let without_source = without_source_of(keys);
        let having_all = |view| View {
            has_all: true,
            ..view
        };
        let without_target = View {
            source: Some(keys),
            ..NOTHING
        };
        let loading = |view| View {
            is_loading: true,
            ..view
        };
        let refusing = |view| View {
            is_refusing: true,
            ..view
        };
        let both_follow = View {
            source_follows: true,
            ..follows(down, in_step)
        };
        let replaced = &Seen::parse(
            "role:slave\r\nmaster_link_status:down\r\nmaster_failover_state:failover-in-progress\r\n",
        );
        let handing_over = View {
            source: Some(replaced),
            ..both_follow
        };
        let fenced = |view| View {
            is_fenced: true,
            ..view
        };
        let stream = "master_replid:a\r\nslave_repl_offset:9\r\n";
        let parked = &Seen::parse(&format!("role:slave\r\n{stream}"));
        let before = |end: u64| format!("master_replid2:a\r\nsecond_repl_offset:{end}\r\n");
        let (successor, older) = (&primary(&before(10)), &primary(&before(9)));
        let writing = &primary("master_replid:a\r\nmaster_repl_offset:9\r\ndb0:keys=1\r\n");
        let copy = &primary(&format!(
            "master_repl_offset:9\r\ndb0:keys=1\r\n{}",
            before(10)
        ));
        let more = format!("master_repl_offset:10\r\ndb0:keys=1\r\n{}", before(10));
        let written = &primary(&more);
        let emptied = &primary(&format!("master_repl_offset:10\r\n{}", before(10)));
        let cases = [
            (fenced(online(follows(keys, in_step))), State::Fenced),
            (fenced(follows(parked, down)), State::Fenced),
            (fenced(of(keys, empty)), State::Fenced),
            (fenced(of(writing, copy)), State::Fenced),
            (fenced(of(writing, written)), State::Split),
            (fenced(of(keys, keys)), State::Split),
            (fenced(before_cut(of(keys, keys))), State::Fenced),
            (fenced(of(parked, successor)), State::TakenOver),
            (fenced(of(parked, older)), State::Split),
            (fenced(of(parked, in_step)), State::Split),
            (of(keys, empty), State::Planned),
            (before_cut(of(keys, keys)), State::Planned),
            (of(keys, keys), State::Split),
            (of(writing, copy), State::Planned),
            (of(writing, emptied), State::Split),
            (committed(of(keys, empty)), State::Split),
            (committed(before_cut(of(keys, keys))), State::Split),
            (follows(keys, down), State::Copying),
            (online(follows(keys, down)), State::Copying),
            (follows(keys, in_step), State::Copying),
            (online(follows(keys, in_step)), State::Synced),
            (online(of(keys, in_step)), State::Split),
            (online(follows(waiting, in_step)), State::Cutting),
            (both_follow, State::Split),
            (handing_over, State::HandingOver),
            (followed(in_step, keys), State::Cut),
            (committed(followed(in_step, keys)), State::Committed),
            (of(in_step, keys), State::Split),
            (committed(of(in_step, keys)), State::Split),
            (followed(in_step, down), State::Split),
            (committed(without_source), State::Gone),
            (loading(committed(without_source)), State::Loading),
            (without_source, State::Unreachable),
            (having_all(without_source), State::TakenOver),
            (having_all(without_source_of(in_step)), State::Fenced),
            (having_all(refusing(without_source)), State::Refusing),
            (having_all(committed(without_source)), State::Gone),
            (loading(without_target), State::Loading),
            (refusing(without_target), State::Refusing),
            (refusing(committed(without_source)), State::Refusing),
            (refusing(loading(without_source)), State::Loading),
            (without_target, State::Unreachable),
            (committed(without_target), State::Unreachable),
            (committed(NOTHING), State::Unreachable),
        ];
        for (view, state) in cases {
            assert_eq!(view.state(), state, "{view:?}");
        }
    }
}
