//! The command line against real servers.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod bad_configs;
mod canary;
mod commands;
mod common;
mod copier;
mod exit_codes;
mod faults;
mod fleet;
mod kinds;
mod limits;
mod live;
mod load;
mod moving;
mod moving_copy;
mod moving_copy_faults;
mod moving_copy_seen;
mod moving_cut;
mod moving_ends;
mod moving_faults;
mod moving_fence;
mod moving_fence_faults;
mod moving_kinds;
mod moving_python;
mod moving_seen;
mod moving_servers;
mod moving_subscriber;
mod moving_tls;
mod places;
mod prepare;
mod processes;
mod races;
mod receipts;
mod rights;
mod secrets;
mod serve;
mod served;
mod set_wait;
mod terminal;
mod top;
#[cfg(target_os = "linux")]
mod tty;
mod wait;
mod wait_refused;
mod waiting;
mod watch;
