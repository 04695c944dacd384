//! How much of everything is measured.

use std::time::Duration;

/// One kind of rounds: how many, and how long each contestant runs in one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    pub(crate) slice: Duration,
}

/// What a run measures, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) accessor: Rounds,
    pub(crate) throughput: Rounds,
    /// Contestants without a bar against `bare` of the same process run in one round of so many.
    pub(crate) peers_every: usize,
    pub(crate) blocking: Rounds,
    pub(crate) moves_pushed: usize,
    pub(crate) moves_polled: usize,
    pub(crate) swaps: usize,
    /// For how long the config server's commands are counted.
    pub(crate) counted: Duration,
}

impl Plan {
    /// Less than fifteen minutes on two cores.
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
        moves_pushed: 300,
        moves_polled: 20,
        swaps: 20,
        counted: Duration::from_secs(10),
    };

    /// Less than two minutes, to see that all is well; of a ratio it tells little.
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
        moves_pushed: 60,
        moves_polled: 4,
        swaps: 4,
        counted: Duration::from_secs(3),
    };

    /// About four minutes of throughput with a server elsewhere.
    pub(crate) const ELSEWHERE: Self = Self {
        throughput: Rounds {
            count: 16,
            slice: Duration::from_millis(200),
        },
        peers_every: 2,
        ..Self::QUICK
    };
}
