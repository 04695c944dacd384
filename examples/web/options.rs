//! The options of the command line.

use clap::Parser;

/// A small web service that shows where its components live.
#[derive(Debug, Parser)]
#[command(name = "web")]
pub(crate) struct Options {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,
}
