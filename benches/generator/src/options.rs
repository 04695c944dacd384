//! The command line.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand};

use crate::generators::Generator;

/// Measures the generator beside tonic-prost-build.
///
/// Without --check and --cold, what is generated is measured: ours and tonic-prost-build's, for 10,
/// 100 and 1,000 components.
#[derive(Debug, Parser)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// Measure `cargo check` of 100 generated modules and of the same wrappers written by hand.
    #[arg(long)]
    check: bool,
    /// Measure `cargo build` of a crate that has the generator as its build dependency, from
    /// nothing (needs the registry).
    #[arg(long)]
    cold: bool,
    /// Measure all of these.
    #[arg(long)]
    all: bool,
    /// How often each is measured (--cold: once).
    #[arg(long, value_name = "N", default_value = "5", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) runs: usize,
    /// Write what was measured to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a generator once, in a process of its own.
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
