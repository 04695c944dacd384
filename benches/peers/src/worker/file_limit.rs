//! How many files a worker may open: each connection is one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// 10,000 components need two for each connection: one is the copy by which another thread shuts
/// the socket down.
const WANTED: u64 = 25_000;

/// Raises the limit as far as the system lets this process: a privileged one may have more than its
/// hard limit. An error leaves it as it is, and then the measurement that needs more says that it
/// could not connect.
pub(super) fn raise() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let set = |limit| setrlimit(Resource::RLIMIT_NOFILE, limit, limit.max(most));
        if set(WANTED).is_err() {
            let _ = set(most);
        }
    }
}
