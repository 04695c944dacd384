//! How many files a process may open: each connection takes some.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What a worker opens besides the connection of each component.
const BESIDES: u64 = 200;

/// Raises the limit as far as the system lets this process.
pub(crate) fn raise() {
    // An error leaves the limit as it is, and what needs more says that it cannot connect.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, most(), most());
}

/// Returns `true` if a worker may connect so many components.
pub(crate) fn allows(components: usize) -> bool {
    let components = u64::try_from(components).unwrap_or(u64::MAX);
    components.saturating_add(BESIDES) <= most()
}

fn most() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(_, most)| most)
}
