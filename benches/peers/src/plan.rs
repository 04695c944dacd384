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
    pub(crate) growth: Growth,
}

/// How large the growth is that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    pub(crate) rounds: Rounds,
    /// The most components in one process.
    pub(crate) components: usize,
    /// The most real processes, and how many are simulated.
    pub(crate) processes: usize,
    pub(crate) simulated: usize,
    /// How long commands are counted for each row.
    pub(crate) counted: Duration,
    /// How often a config is changed for all.
    pub(crate) sets: usize,
}

impl Growth {
    /// A minute and a half, with what is connected.
    const FULL: Self = Self {
        rounds: Rounds {
            count: 12,
            slice: Duration::from_millis(60),
        },
        components: 10_000,
        processes: 100,
        simulated: 1_000,
        counted: Duration::from_secs(5),
        sets: 15,
    };

    /// A quarter of a minute.
    const QUICK: Self = Self {
        rounds: Rounds {
            count: 5,
            slice: Duration::from_millis(40),
        },
        components: 100,
        processes: 10,
        simulated: 100,
        counted: Duration::from_secs(2),
        sets: 5,
    };

    /// Six minutes. All configs are read again in the time that commands are counted.
    const ALONE: Self = Self {
        rounds: Rounds {
            count: 30,
            slice: Duration::from_millis(60),
        },
        counted: Duration::from_secs(32),
        sets: 30,
        ..Self::FULL
    };
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
        growth: Growth::FULL,
    };

    /// With growth as `--growth` measures it: six minutes more.
    pub(crate) const LONG_GROWTH: Self = Self {
        growth: Growth::ALONE,
        ..Self::FULL
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
        growth: Growth::QUICK,
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
