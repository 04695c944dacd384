//! The command line.

use clap::Parser;
use clap::builder::RangedU64ValueParser;

/// Moves a component between two servers while tasks call it.
#[derive(Debug, Parser)]
#[command(name = "move_server")]
pub(crate) struct Options {
    /// How often the component is moved.
    #[arg(long, value_name = "N", default_value = "10", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) moves: usize,
    /// How many tasks call it.
    #[arg(long, value_name = "N", default_value = "64", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) tasks: usize,
}
