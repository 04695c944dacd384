//! Where components can be, and what can have a fault.

use std::time::Duration;

/// How many data servers there are. The first is where everything is while the soak rests.
pub(crate) const SERVERS: usize = 4;

/// A way to a data server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) server: usize,
    /// Whether through the proxy in front of it.
    pub(crate) by_proxy: bool,
}

/// What can have a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The config server, or the proxy in front of it, through which the runtime sees it.
    Config,
    Server(usize),
    Proxy(usize),
    /// Of which everything is a part.
    Machine,
}

impl Place {
    pub(crate) const HOME: Self = Self {
        server: 0,
        by_proxy: false,
    };

    /// Where everything is before it comes home.
    pub(crate) const INN: Self = Self {
        server: 1,
        by_proxy: false,
    };

    /// What a call that runs here needs.
    pub(crate) fn needs(self, part: Part) -> bool {
        match part {
            Part::Config => false,
            Part::Machine => true,
            Part::Server(server) => server == self.server,
            Part::Proxy(server) => self.by_proxy && server == self.server,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(name(self.server))?;
        f.write_str(if self.by_proxy { " by its proxy" } else { "" })
    }
}

/// What a data server is called, here and under the key `name` on itself.
pub(crate) fn name(server: usize) -> &'static str {
    ["a", "b", "c", "d"][server % SERVERS]
}

pub(crate) fn named(name: &str) -> Option<usize> {
    (0..SERVERS).find(|server| self::name(*server) == name)
}

/// The time-outs that the callers' settings have.
pub(crate) const CONNECT: Duration = Duration::from_secs(1);
pub(crate) const RESPONSE: Duration = Duration::from_secs(1);

/// How often configs are read again, whatever is pushed: what finds a `SWAPDB`.
pub(crate) const REREAD: Duration = Duration::from_secs(2);

/// The longest pause between two attempts towards a server that is down.
pub(crate) const BACKOFF: Duration = Duration::from_millis(500);

/// What a busy machine may add to each bound, and what makes a bound of what is usually a few milliseconds a safe one.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);

/// For how long after its end a fault may still be felt: a pause before the next attempt, and the attempt.
pub(crate) const RECOVERY: Duration = BACKOFF.saturating_add(CONNECT);

/// No call takes longer: it may wait for a proof, find its connection gone and one more not to be had, wait for a proof
/// again, for an attempt at each of two servers, and in the end for its answer.
pub(crate) const LONGEST_CALL: Duration = CONNECT
    .saturating_mul(3)
    .saturating_add(RESPONSE.saturating_mul(2))
    .saturating_add(MARGIN);

/// While a call waits on a connection of its own, its server is asked so often, elsewhere, whether it is there.
const CHECKED_EVERY: Duration = Duration::from_secs(5);

/// No call on a connection of its own takes longer, also where its server is frozen as it begins to wait; what it waits for
/// is to be added.
pub(crate) const LONGEST_WAIT: Duration = LONGEST_CALL
    .saturating_add(CHECKED_EVERY)
    .saturating_add(MARGIN);
