//! The command line.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand};

use crate::generators::Generator;

/// Measures the generator beside tonic-prost-build.
///
/// Without --check and --cold, it measures generation: ours and tonic-prost-build's, for 10, 100
/// and 1,000 components.
#[derive(Debug, Parser)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// Measure `cargo check` of 100 generated modules and of the same wrappers written by hand.
    #[arg(long)]
    check: bool,
    /// Measure `cargo build`, from nothing, of a crate whose build dependency is the generator.
    /// This needs the registry.
    #[arg(long)]
    cold: bool,
    /// Measure generation, --check and --cold.
    #[arg(long)]
    all: bool,
    /// How often each is measured; --cold is measured once.
    #[arg(long, value_name = "N", default_value = "5", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) runs: usize,
    /// Write the figures to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a generator once, in its own process.
    #[command(hide = true)]
    Generate {
        generator: Generator,
        components: usize,
    },
}

impl Options {
    pub(crate) fn generation(&self) -> bool {
        self.all || !(self.check || self.cold)
    }

    pub(crate) fn check(&self) -> bool {
        self.all || self.check
    }

    pub(crate) fn cold(&self) -> bool {
        self.all || self.cold
    }
}
