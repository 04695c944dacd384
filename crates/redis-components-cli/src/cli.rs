//! The command line: names, options and help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{check, completions, diff, get, history, rollback, set, watch, who};

const AFTER_HELP: &str = "\
The config server: --config-server, else --profile, else REDIS_CONFIG_URL, else the profile named by
REDIS_COMPONENTS_PROFILE or by `default`, else `url` in components.toml. A profile is a table of
redis-components/config.toml in your folder of configurations:

  default = \"prod\"
  [profiles.prod]
  url = \"redis://config.internal:6379\"
  user = \"operator\"
  password = { command = [\"pass\", \"show\", \"redis\"] }   # or { env = \"NAME\" } or { file = \"PATH\" }

Exit codes:
  0  done
  1  failed, and nothing changed: findings, differences, an unknown component, an invalid config
  2  usage, or a question and no terminal to ask it on
  3  refused: the digest differs, or the server of the config cannot be used
  4  unknown: the answer did not come in time; look again
  5  no connection, or no rights
  6  a person must decide";

/// Where the components are: check, write, compare, roll back and watch their configs.
#[derive(Debug, Parser)]
#[command(name = "redis-components", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the components and where they are.
    List,
    /// Show the config of a component.
    Get(get::Options),
    /// Check configs: their text, and the servers that they name.
    Check(check::Options),
    /// Write the config of a component.
    Set(set::Options),
    /// Show where two configs differ in meaning.
    Diff(diff::Options),
    /// Show who changed a config, when and why.
    History(history::Options),
    /// Write an earlier config again.
    Rollback(rollback::Options),
    /// Show configs, and their changes as they happen.
    Watch(watch::Options),
    /// Show who is connected to a server.
    Who(who::Options),
    /// Look for what is wrong, or will be.
    Doctor,
    /// Write a script that completes commands and components in a shell.
    Completions(completions::Options),
}

impl Command {
    /// Returns the name that the envelope shows.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get(_) => "get",
            Self::Check(_) => "check",
            Self::Set(_) => "set",
            Self::Diff(_) => "diff",
            Self::History(_) => "history",
            Self::Rollback(_) => "rollback",
            Self::Watch(_) => "watch",
            Self::Who(_) => "who",
            Self::Doctor => "doctor",
            Self::Completions(_) => "completions",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
