//! How much is measured.

use std::time::Duration;

/// The number of rounds, and how long each contestant runs in a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    pub(crate) slice: Duration,
}

/// What a run measures, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) accessor: Rounds,
    pub(crate) throughput: Rounds,
    /// Contestants without a bar against `bare` of the same process run in one of this many rounds.
    pub(crate) peers_every: usize,
    pub(crate) blocking: Rounds,
    pub(crate) strict: Rounds,
    pub(crate) kinds: Rounds,
    pub(crate) moves_pushed: usize,
    pub(crate) moves_polled: usize,
    pub(crate) swaps: usize,
    /// How often a node is frozen, and how often sentinels fail over.
    pub(crate) faults: usize,
    /// How long the config server's commands are counted.
    pub(crate) counted: Duration,
}

impl Plan {
    /// Less than twenty minutes on two cores.
    pub(crate) const FULL: Self = Self {
        accessor: Rounds {
            count: 100,
            slice: Duration::from_millis(10),
        },
        throughput: Rounds {
            count: 100,
            slice: Duration::from_millis(80),
        },
        peers_every: 4,
        blocking: Rounds {
            count: 100,
            slice: Duration::from_millis(60),
        },
        strict: Rounds {
            count: 100,
            slice: Duration::from_millis(30),
        },
        kinds: Rounds {
            count: 60,
            slice: Duration::from_millis(60),
        },
        moves_pushed: 300,
        moves_polled: 20,
        swaps: 20,
        faults: 5,
        counted: Duration::from_secs(10),
    };

    /// Less than three minutes. This checks that all is well; its ratios are rough.
    pub(crate) const QUICK: Self = Self {
        accessor: Rounds {
            count: 20,
            slice: Duration::from_millis(5),
        },
        throughput: Rounds {
            count: 12,
            slice: Duration::from_millis(40),
        },
        peers_every: 3,
        blocking: Rounds {
            count: 12,
            slice: Duration::from_millis(40),
        },
        strict: Rounds {
            count: 12,
            slice: Duration::from_millis(25),
        },
        kinds: Rounds {
            count: 10,
            slice: Duration::from_millis(40),
        },
        moves_pushed: 60,
        moves_polled: 4,
        swaps: 4,
        faults: 1,
        counted: Duration::from_secs(3),
    };

    /// About four minutes of throughput over a network.
    pub(crate) const ELSEWHERE: Self = Self {
        throughput: Rounds {
            count: 16,
            slice: Duration::from_millis(200),
        },
        peers_every: 2,
        ..Self::QUICK
    };
}
