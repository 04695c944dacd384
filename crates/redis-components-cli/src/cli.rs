//! The command line: names, options and help.

use clap::{Parser, Subcommand};

#[cfg(feature = "serve")]
use crate::commands::serve;
#[cfg(feature = "top")]
use crate::commands::top;
use crate::commands::{
    canary, check, completions, diff, doctor, fleet, get, history, relocate_options, rollback, set,
    wait, watch, who,
};
use crate::options::Global;

const AFTER_HELP: &str = "\
The config server: --config-server, else --profile, else REDIS_CONFIG_URL, else the profile named by
REDIS_COMPONENTS_PROFILE or by `default`, else `url` in components.toml. A profile is a table of
redis-components/config.toml in your folder of configurations:

  default = \"prod\"
  [profiles.prod]
  url = \"redis://config.internal:6379\"
  user = \"operator\"
  password = { command = [\"pass\", \"show\", \"redis\"] }

A password may also be { env = \"NAME\" } or { file = \"PATH\" }; a relative path begins at the
folder of config.toml.

Exit codes:
  0  done
  1  failed, and nothing changed: findings, differences, an unknown component, an invalid config
  2  usage, or a question and no terminal to ask it on
  3  refused: the digest differs, the server of the config cannot be used, or a process refuses it
  4  not finished, or unknown: the answer did not come in time; look again
  5  no connection, or no rights
  6  a person must decide";

const AFTER_WAIT: &str = "\
Exit codes:
  0  all processes that report follow, and none is silent
  3  at once: a process refuses the config, or another config has taken its place
  4  time is over; the message names who does not follow, and who is silent

A process is silent if it watches configs and does not report: it may lack the rights, or be frozen.
When all follow, connections to the old server are waited for up to five seconds longer.";

const AFTER_MOVE: &str = "\
Examples:
  redis-components move logs --to 10.0.0.8:6379
  redis-components move logs --status
  redis-components move logs --undo
  redis-components move logs --finish

  redis-components move logs --to cluster.json --copy-with ./copy.sh

The data is copied by replication while calls go on. The old server stays as a replica of the new one
until --finish, so that --undo loses nothing. docs/moving.md has the steps and what can go wrong.

Into a cluster and out of one, and where servers refuse REPLICAOF, a command of yours copies, run by `sh`.
It finds the servers in variables: REDIS_COMPONENTS_SOURCE and _TARGET, each also with _KIND, _NODES, _URL,
_USERNAME and _PASSWORD; and REDIS_COMPONENTS_PASS, `warm` or `last`. Writes are refused meanwhile.";

const AFTER_CANARY: &str = "\
Examples:
  redis-components canary logs socket_timeout=2 --percent 10 --wait
  redis-components canary logs socket_timeout=2 --percent 50 --wait
  redis-components canary logs promote --yes --wait

The same processes go on with a canary that grows. `fleet` shows which ones run it.";

#[cfg(feature = "serve")]
const AFTER_SERVE: &str = "\
Paths:
  /              the page
  /api/snapshot  what is shown, as JSON
  /api/events    the same at each change, as server-sent events
  /api/samples   calls a second of each server in the last half hour, as JSON
  /metrics       for Prometheus

There is no login. At an address of this machine for itself, only requests to localhost are answered.";

#[cfg(feature = "top")]
const AFTER_TOP: &str = "\
Keys:
  q, Ctrl-C      quit
  up, down       choose a component
  Enter, Esc     its details, and back
  s              all servers
  ?              what the columns mean

Calls a second are those that a server has counted, of all its clients and databases.
Without a terminal, --output json writes the picture once, and --output ndjson as it changes.";

/// Where the components are: check, write, compare, roll back and watch their configs.
#[derive(Debug, Parser)]
#[command(name = "redis-components", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
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
    /// Let some processes try a config, and then all or none.
    #[command(after_help = AFTER_CANARY)]
    Canary(canary::Options),
    /// Show where two configs differ in meaning.
    Diff(diff::Options),
    /// Show who changed a config, when and why.
    History(history::Options),
    /// Write an earlier config again.
    Rollback(rollback::Options),
    /// Show configs and the processes that run them, and their changes as they happen.
    Watch(watch::Options),
    /// Wait until all processes run the config of a component.
    #[command(after_help = AFTER_WAIT)]
    Wait(wait::Options),
    /// Show which process runs which config.
    Fleet(fleet::Options),
    /// Show who is connected to a server.
    Who(who::Options),
    /// Move the data of a component to another server, and the component with it.
    #[command(after_help = AFTER_MOVE)]
    Move(relocate_options::Options),
    /// Look for what is wrong, or will be.
    Doctor(doctor::Options),
    /// Show components, servers, processes and moves as they are now, on the whole terminal.
    #[cfg(feature = "top")]
    #[command(after_help = AFTER_TOP)]
    Top(top::Options),
    /// Show the same over HTTP: a page, JSON and metrics. It changes nothing.
    #[cfg(feature = "serve")]
    #[command(after_help = AFTER_SERVE)]
    Serve(serve::Options),
    /// Write a script that completes commands and components in a shell.
    Completions(completions::Options),
}

impl Command {
    /// Returns the component whose data the command moves.
    pub(crate) fn moves(&self) -> Option<&str> {
        match self {
            Self::Move(options) => Some(&options.component),
            _ => None,
        }
    }

    /// Returns the name that the envelope shows.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Get(_) => "get",
            Self::Check(_) => "check",
            Self::Set(_) => "set",
            Self::Canary(_) => "canary",
            Self::Diff(_) => "diff",
            Self::History(_) => "history",
            Self::Rollback(_) => "rollback",
            Self::Watch(_) => "watch",
            Self::Wait(_) => "wait",
            Self::Fleet(_) => "fleet",
            Self::Who(_) => "who",
            Self::Move(_) => "move",
            Self::Doctor(_) => "doctor",
            #[cfg(feature = "serve")]
            Self::Serve(_) => "serve",
            #[cfg(feature = "top")]
            Self::Top(_) => "top",
            Self::Completions(_) => "completions",
        }
    }

    /// Returns `true` if it runs until it is interrupted, so that this is no failure.
    pub(crate) fn ends_when_interrupted(&self) -> bool {
        match self {
            Self::Watch(_) => true,
            #[cfg(feature = "serve")]
            Self::Serve(_) => true,
            #[cfg(feature = "top")]
            Self::Top(_) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use expect_test::expect_file;

    use super::Arguments;

    #[test]
    fn the_man_pages_say_what_help_says() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Arguments::command().disable_help_subcommand(true);
        // A man page of a version would be a difference at each release.
        command = command.version(None::<&str>);
        clap_mangen::generate_to(command, folder.path()).unwrap();
        for page in std::fs::read_dir(folder.path()).unwrap() {
            let page = page.unwrap();
            let text = std::fs::read_to_string(page.path()).unwrap();
            let name = page.file_name().into_string().unwrap();
            let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/man/");
            expect_file![format!("{kept}{name}")].assert_eq(&text);
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
