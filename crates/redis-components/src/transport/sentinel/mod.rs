//! How the primary of a service is found: its sentinels say where it is.
//!
//! `replies` says what one sentinel means, `election` which of several is right.

mod election;
mod replies;
