#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
#![forbid(unused_imports)]
//! A golden case.

#[allow(clippy::missing_errors_doc, clippy::unused_async)]
pub mod functions {
    //! Written by hand.
    pub mod logs;
    pub mod statistics;
}

include!("../expected.rs");

/// The futures of wrappers can be spawned where the functions' own can.
pub fn futures_are_send() {
    fn check<T: Send>(_: T) {}
    check(logs::log_recent("app", "message"));
    check(logs::connection());
    check(connect_all());
}
