//! The command line.

use clap::Parser;
use clap::builder::RangedU64ValueParser;

/// Moves the data of components between two servers while processes call them.
#[derive(Debug, Parser)]
#[command(name = "move_data")]
pub(crate) struct Options {
    /// How often the data is moved.
    #[arg(long, value_name = "N", default_value = "10", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) moves: usize,
    /// How many tasks call in all processes together.
    #[arg(long, value_name = "N", default_value = "64", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) tasks: usize,
    /// How many keys the server has besides.
    #[arg(long, value_name = "N", default_value = "1000000")]
    pub(crate) keys: u64,
    /// Call as the process of this number.
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) worker: Option<usize>,
}
