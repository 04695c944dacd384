//! The options of `move`.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;

use crate::complete::components;
use crate::context::secret_argument;
use crate::copying::compare::Compare;
use crate::failure::{Code, Failure};
use crate::moving::records::plan::logins;
use crate::moving::records::record::Record;
use crate::moving::servers::attach::{Login, Replication};
use crate::moving::steps::drive::Until;
use crate::text::named;
use crate::time::duration;

/// What waits for nothing: neither for a copy, nor for processes, and lets no server log in.
const WAITS_FOR_NOTHING: [&str; 3] = ["status", "abort", "finish"];
/// What does not go with a program that copies, and so with none of its options.
const NO_COPY: [&str; 4] = [
    "until",
    "accept_loss",
    "replication_user",
    "replication_password",
];
/// What goes on with a move that was begun. `requires` does not hold of an option that conflicts.
const GOES_ON: [&str; 6] = ["status", "cut", "resume", "abort", "undo", "finish"];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    pub(crate) component: String,
    /// The server to move to: its address, a file with its config, or the JSON of it.
    #[arg(long, value_name = "HOST:PORT|FILE|JSON", group = "what")]
    pub(super) to: Option<String>,
    /// Show where the move stands.
    #[arg(long, group = "what")]
    pub(super) status: bool,
    /// Cut now, after `--until`.
    #[arg(long, group = "what")]
    pub(super) cut: bool,
    /// Go on with a move that was interrupted.
    #[arg(long, group = "what")]
    pub(super) resume: bool,
    /// Give up a move that has not cut yet.
    #[arg(long, group = "what")]
    pub(super) abort: bool,
    /// Move back, with all that was written since.
    #[arg(long, group = "what")]
    pub(super) undo: bool,
    /// End the move: the old server may be stopped then.
    #[arg(long, group = "what")]
    pub(super) finish: bool,
    /// The other components whose data is on the same server.
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',', requires = "to", conflicts_with_all = GOES_ON, add = ArgValueCandidates::new(components))]
    pub(super) with: Vec<String>,
    /// Let `sh` run this command to copy the data, where servers cannot replicate each other. Writes are
    /// refused meanwhile.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = NO_COPY)]
    pub(super) copy_with: Option<String>,
    /// Run the command once before writes are refused too.
    #[arg(long, conflicts_with_all = NO_COPY)]
    pub(super) warm_copy: bool,
    /// How much of the copy is compared before the configs change, all by default.
    #[arg(long, value_enum, conflicts_with_all = NO_COPY)]
    pub(super) compare: Option<Compare>,
    /// Stop before the cut.
    #[arg(long, value_enum, requires = "to", conflicts_with_all = ["status", "cut", "abort", "finish"])]
    pub(super) until: Option<Stop>,
    /// How long to wait for the copy, and then for the processes.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m", requires = "what", conflicts_with_all = WAITS_FOR_NOTHING)]
    pub(super) timeout: Duration,
    /// Do not wait for processes that watch configs and do not report.
    #[arg(long, requires = "what", conflicts_with_all = WAITS_FOR_NOTHING)]
    pub(super) ignore_silent: bool,
    /// The user with which servers replicate, by default that of the config.
    #[arg(long, value_name = "NAME", requires = "replication_password", conflicts_with_all = WAITS_FOR_NOTHING)]
    pub(super) replication_user: Option<String>,
    /// `-` to be asked for that user's password, or `@FILE`.
    #[arg(long, value_name = "-|@FILE", requires = "what", conflicts_with_all = WAITS_FOR_NOTHING)]
    pub(super) replication_password: Option<String>,
    /// Let sentinels fail over although writes may be lost that the old server acknowledges meanwhile.
    #[arg(long, requires = "to", conflicts_with_all = GOES_ON)]
    pub(super) accept_loss: bool,
    /// How long a candidate of a copy lives that is not offered again: an hour, but for tests.
    #[arg(long, hide = true, value_parser = duration, conflicts_with_all = NO_COPY)]
    pub(super) candidate_lives: Option<Duration>,
    /// Show what would be sent where, and change nothing.
    #[arg(long, requires = "what", conflicts_with = "status")]
    pub(super) dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Stop {
    /// When the target has a copy.
    Synced,
    /// When all processes are ready for it too.
    Prepared,
}

impl Options {
    /// Returns where the move is to stop.
    pub(super) fn until(&self) -> Until {
        match self.until {
            Some(Stop::Synced) => Until::Synced,
            Some(Stop::Prepared) => Until::Prepared,
            None => Until::Committed,
        }
    }

    /// Demands that there is a program if there are options for it.
    ///
    /// # Errors
    ///
    /// Returns an error that names one.
    pub(super) fn demand_program(&self) -> Result<(), Failure> {
        let given = [
            ("--warm-copy", self.warm_copy),
            ("--compare", self.compare.is_some()),
            ("--candidate-lives", self.candidate_lives.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) if self.copy_with.is_none() => Err(Failure::usage(format!(
                "{name} is for a move by a program that copies; name that with --copy-with, or leave {name} out"
            ))),
            _ => Ok(()),
        }
    }

    /// Demands that there are no options that a fail-over by sentinels would leave out.
    ///
    /// # Errors
    ///
    /// Returns an error that names one.
    pub(super) fn demand_for_sentinels(&self) -> Result<(), Failure> {
        let given = [
            ("--until", self.until.is_some()),
            ("--with", !self.with.is_empty()),
            ("--ignore-silent", self.ignore_silent),
        ];
        let given = given.into_iter().find(|(_, is_given)| *is_given);
        match given.map(|(name, _)| name).or(self.login()) {
            None => Ok(()),
            Some(name) => Err(Failure::usage(format!(
                "{name} is for moves between servers that no sentinels watch; the config of `{}` names \
                sentinels, which let a replica of theirs take over as a whole; leave {name} out",
                self.component
            ))),
        }
    }

    /// Demands that there are no options that a move between two servers would leave out.
    ///
    /// # Errors
    ///
    /// Returns an error that names one.
    pub(super) fn demand_for_servers(&self) -> Result<(), Failure> {
        if !self.accept_loss {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "--accept-loss is for moves by sentinels, and the config of `{}` names none: no write is lost; \
            leave --accept-loss out",
            self.component
        )))
    }

    /// Demands that `--with` names the other components of a move that is under way, if it is given.
    ///
    /// # Errors
    ///
    /// Returns an error that names the components of the move.
    pub(super) fn demand_components_of(&self, record: &Record) -> Result<(), Failure> {
        let given = self.with.iter().chain([&self.component]);
        let given: BTreeSet<_> = given.map(String::as_str).collect();
        if self.with.is_empty() || record.components().eq(given.iter().copied()) {
            return Ok(());
        }
        let list =
            |names: &mut dyn Iterator<Item = &str>| named(names.map(|name| format!("`{name}`")));
        let text = format!(
            "the move that is under way is one of {}, and --with asks for one of {}; nobody can join it or \
            leave it: set the configs of the others to another server first, and go on without --with",
            list(&mut record.components()),
            list(&mut given.into_iter())
        );
        Err(Failure::new(Code::WrongState, text).of_component(&self.component))
    }

    /// Demands that there are no options that a move by a program that copies would leave out.
    ///
    /// # Errors
    ///
    /// Returns an error that names one.
    pub(super) fn demand_for_copy(&self) -> Result<(), Failure> {
        let until = self.until.map(|_| "--until");
        match until.or(self.login()) {
            None => Ok(()),
            Some(name) => Err(Failure::usage(format!(
                "{name} is for moves that replicate; the move of `{}` copies by a program; leave {name} out",
                self.component
            ))),
        }
    }

    /// Returns the option that names a login of the replication, if one is given.
    fn login(&self) -> Option<&'static str> {
        match (&self.replication_user, &self.replication_password) {
            (Some(_), _) => Some("--replication-user"),
            (None, Some(_)) => Some("--replication-password"),
            (None, None) => None,
        }
    }

    /// Returns the logins with which the servers replicate each other.
    pub(super) async fn replication(&self, record: &Record) -> Result<Replication, Failure> {
        match &self.replication_password {
            Some(password) => {
                let login = Login {
                    user: self.replication_user.clone(),
                    password: Some(secret_argument("replication-password", password).await?),
                };
                Ok(Replication {
                    at_source: login.clone(),
                    at_target: login,
                })
            }
            None => logins(record),
        }
    }
}
