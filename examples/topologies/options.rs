//! The command line.

use std::time::Duration;

use clap::Parser;
use clap::builder::RangedU64ValueParser;

/// Moves a component through every kind of server while it is called.
#[derive(Debug, Parser)]
#[command(name = "topologies")]
pub(crate) struct Options {
    /// How long the component stays with each server, such as `2s` or `500ms`.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration)]
    pub(crate) stay: Duration,
    /// How many tasks call it.
    #[arg(long, value_name = "N", default_value = "32", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) tasks: usize,
    /// How many threads call it.
    #[arg(long, value_name = "N", default_value = "8", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) threads: usize,
}
