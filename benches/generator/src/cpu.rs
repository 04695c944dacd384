//! CPU time.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::failure::Failure;

/// Returns the CPU time of this process.
pub(crate) fn own() -> Result<Duration, Failure> {
    used_by(UsageWho::RUSAGE_SELF)
}

/// Returns the CPU time of the processes that this one has started and that have ended, and of
/// their own children.
pub(crate) fn of_children() -> Result<Duration, Failure> {
    used_by(UsageWho::RUSAGE_CHILDREN)
}

fn used_by(who: UsageWho) -> Result<Duration, Failure> {
    let usage = getrusage(who)?;
    let [user, system] = [usage.user_time(), usage.system_time()].map(duration);
    Ok(user? + system?)
}

fn duration(time: TimeVal) -> Result<Duration, Failure> {
    let (seconds, micros) = (time.tv_sec().try_into()?, time.tv_usec().try_into()?);
    Ok(Duration::from_secs(seconds) + Duration::from_micros(micros))
}
