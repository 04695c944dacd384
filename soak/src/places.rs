//! The places at which components can be, and the parts that can have a fault.

use std::time::Duration;

/// The number of places that hold data. At rest all components are on the first. The third speaks
/// TLS, and the fourth is reached over a unix socket. Behind them are sentinels and a cluster.
pub(crate) const SERVERS: usize = 6;

/// The first of them, each of which is a single server with a proxy.
pub(crate) const SINGLE: usize = 4;

/// The servers of the sentinels.
pub(crate) const SENTINELS: usize = 4;

/// The nodes of the cluster.
pub(crate) const CLUSTER: usize = 5;

/// A data server, or several that belong together, and how calls reach them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) server: usize,
    /// Whether calls go through the proxy in front of the server.
    pub(crate) by_proxy: bool,
}

/// A part of the system that can have a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The config server, or the proxy in front of it, through which the runtime sees it.
    Config,
    Server(usize),
    Proxy(usize),
    /// A runtime of the application.
    Executor,
    /// Everything runs on it.
    Machine,
}

impl Place {
    pub(crate) const HOME: Self = Self {
        server: 0,
        by_proxy: false,
    };

    /// The place of all components before they return to `HOME`.
    pub(crate) const INN: Self = Self {
        server: 1,
        by_proxy: false,
    };

    /// Returns `true` if a call that runs here needs the part.
    pub(crate) fn needs(self, part: Part) -> bool {
        match part {
            Part::Config | Part::Executor => false,
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

/// Returns the name of a data server, which also stands under the key `name` on that server.
pub(crate) fn name(server: usize) -> &'static str {
    ["a", "b", "c", "d", "e", "f"][server % SERVERS]
}

pub(crate) fn named(name: &str) -> Option<usize> {
    (0..SERVERS).find(|server| self::name(*server) == name)
}

/// The timeouts in the callers' settings.
pub(crate) const CONNECT: Duration = Duration::from_secs(1);
pub(crate) const RESPONSE: Duration = Duration::from_secs(1);

/// How often configs are read again even if they are pushed: this finds a `SWAPDB`.
pub(crate) const REREAD: Duration = Duration::from_secs(2);

/// The longest backoff between two attempts to reach a server that is down.
pub(crate) const BACKOFF: Duration = Duration::from_millis(500);

/// The time that each bound adds for a busy machine.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);

/// How long a fault can still be felt after its end: a backoff and an attempt.
pub(crate) const RECOVERY: Duration = BACKOFF.saturating_add(CONNECT);

/// The longest time that a call may take. It may wait for a proof, find its connection closed, fail
/// to open another, wait for a proof again, wait for an attempt at each of two servers, and wait
/// for its answer.
pub(crate) const LONGEST_CALL: Duration = CONNECT
    .saturating_mul(3)
    .saturating_add(RESPONSE.saturating_mul(2))
    .saturating_add(MARGIN);

/// How often a server is probed while a call waits on a dedicated connection.
const CHECKED_EVERY: Duration = Duration::from_secs(5);

/// The longest time that a call on a dedicated connection may take, even if its server is frozen
/// when the call begins to wait. The time that the command itself waits is added to it.
pub(crate) const LONGEST_WAIT: Duration = LONGEST_CALL
    .saturating_add(CHECKED_EVERY)
    .saturating_add(MARGIN);
