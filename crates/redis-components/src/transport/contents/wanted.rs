//! Which login is good enough.

use std::time::Duration;

/// Which login is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The last, until the next one is due. Otherwise what the provider said last: it is asked only
    /// if it never was.
    Known,
    /// The last, until the next one is due.
    Valid,
    /// A new one.
    New,
    /// One to connect with now: the last until it expires, if there is no other. A provider that
    /// somebody else asks is waited for within this time.
    ToConnect(Duration),
}
