//! How many files a process may open: each connection takes some.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// A connection of ours, and the copy of its socket by which another thread shuts it down.
const FOR_A_COMPONENT: u64 = 2;
/// What a worker opens besides.
const BESIDES: u64 = 200;

/// Raises the limit as far as the system lets this process.
pub(crate) fn raise() {
    // An error leaves the limit as it is, and what needs more says that it cannot connect.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, most(), most());
}

/// Returns `true` if a worker may connect so many components.
pub(crate) fn allows(components: usize) -> bool {
    let components = u64::try_from(components).unwrap_or(u64::MAX);
    components.saturating_mul(FOR_A_COMPONENT) + BESIDES <= most()
}

fn most() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(_, most)| most)
}
