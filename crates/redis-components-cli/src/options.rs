//! The options that every command has.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// How data is written to standard output.
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    /// The config server: a URL without a password, or several with commas between them.
    #[arg(long, global = true, value_name = "URL", conflicts_with = "profile")]
    pub(crate) config_server: Option<String>,
    /// A profile of your config.toml.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// What the keys of configs begin with, by default what the profile or the manifest says.
    #[arg(long, global = true, value_name = "PREFIX")]
    pub(crate) key_prefix: Option<String>,
    /// The manifest, by default components.toml in this folder or one above it.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// Do not ask.
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON object.
    Json,
    /// JSON, one object a line.
    Ndjson,
}
