//! The options of the commands that write a config.

use clap::Args;

/// How a config is written.
#[derive(Debug, Args)]
pub(crate) struct Writing {
    /// Do not try the server first.
    #[arg(long)]
    pub(super) no_probe: bool,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Show what would be sent where, and send nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
}
