//! What is done with the bytes of a connection.

use std::time::Duration;

/// What the proxy does with bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    Pass,
    Hold,
    /// Holds one connection, by its number; the others pass.
    HoldOne(u64),
    Delay(Duration),
    Trickle,
    /// Applies to replies; requests pass.
    CutAfter(usize),
    /// Applies to requests with this command; all else passes.
    HangUpOn(&'static str),
    /// Holds requests from a piece with this text on; all else passes.
    HoldOn(&'static str),
    /// Drops replies with this text; all else passes.
    Mute(&'static str),
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Direction {
    Requests,
    Replies,
}
