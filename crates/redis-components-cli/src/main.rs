//! The operator's command line of redis-components.
//!
//! It reads configs with the runtime's own names, so that `check` and the runtime cannot disagree.
//! Standard output is data, standard error is talk.

mod addresses;
mod assignment;
mod cli;
mod clients;
mod commands;
mod commit;
mod complete;
mod context;
mod copying;
mod disabled;
mod examined;
mod failure;
mod files;
mod findings;
mod fleet;
mod given;
mod history;
mod interrupt;
mod lines;
#[cfg(any(feature = "serve", feature = "top"))]
mod live;
mod manifest;
mod moving;
mod names;
mod options;
mod output;
mod place;
mod probe;
mod profile;
mod redact;
mod repeated;
mod rights;
#[cfg(feature = "serve")]
mod serve;
mod server_failure;
mod session;
mod source;
mod steps;
mod subject;
mod text;
mod time;
#[cfg(feature = "top")]
mod top;
mod transaction;
mod values;

use std::future::poll_fn;
use std::process::ExitCode;
use std::rc::Rc;
use std::task::Poll;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;

use crate::cli::{Arguments, Command};
#[cfg(feature = "serve")]
use crate::commands::serve as serve_http;
#[cfg(feature = "top")]
use crate::commands::top as show_top;
use crate::commands::{
    canary, check, completions, diff, doctor, fleet as show_fleet, get, history as show_history,
    list, relocate, rollback, set, wait, watch, who,
};
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::interrupt::{Request, Requests, Stage};
use crate::lines::warn;
use crate::options::Format;
use crate::output::{Reply, write};
use crate::steps::Steps;

fn main() -> ExitCode {
    CompleteEnv::with_factory(Arguments::command).complete();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(misused(&error)),
    };
    let format = arguments.global.output;
    let name = arguments.command.name();
    let outcome = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(arguments));
            // A thread may still wait for a terminal or for standard input.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => {
            let failure = Failure::new(Code::Unreadable, error.to_string());
            (Err(failure), Stage::Unchanged)
        }
    };
    let (outcome, stage) = outcome;
    let has_changed = stage != Stage::Unchanged;
    ExitCode::from(write(format, name, outcome, has_changed))
}

/// Says what is wrong with the arguments, or helps.
fn misused(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        // Who does not read on has seen what it wanted.
        let _ = error.print();
        return 0;
    }
    let words = std::env::args_os();
    let words: Vec<_> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let asks_for = |format: &str| {
        let pair = |pair: &[String]| ["-o", "--output"].contains(&&*pair[0]) && pair[1] == format;
        let word = |word: &String| {
            word == &format!("--output={format}")
                || word == &format!("-o{format}")
                || word == &format!("-o={format}")
        };
        words.windows(2).any(pair) || words.iter().any(word)
    };
    let format = if asks_for("json") {
        Format::Json
    } else if asks_for("ndjson") {
        Format::Ndjson
    } else {
        // An error means that nobody is there to read it.
        let _ = error.print();
        return Code::Usage.exit();
    };
    let text = error.render().to_string();
    // The rest is a hint and the usage.
    let lines: Vec<_> = text
        .lines()
        .take_while(|line| !line.is_empty())
        .map(str::trim)
        .collect();
    let message = lines.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let commands = Arguments::command();
    let known = |word: &&String| commands.find_subcommand(word).is_some();
    let command = words
        .iter()
        .skip(1)
        .find(known)
        .map_or("", |word| word.as_str());
    write(format, command, Err(Failure::usage(message)), false)
}

/// Runs a command. Returns its outcome, and how far a change has come.
async fn run(arguments: Arguments) -> (Result<Reply, Failure>, Stage) {
    let context = Context {
        steps: Steps::new(arguments.global.output),
        global: arguments.global,
        stage: Rc::default(),
    };
    let outcome = attend(&context, &arguments.command).await;
    context.steps.end(&outcome);
    (outcome, context.stage.get())
}

/// Runs a command, and hears when it is to end.
async fn attend(context: &Context, command: &Command) -> Result<Reply, Failure> {
    let stage = Rc::clone(&context.stage);
    let work = dispatch(context, command);
    tokio::pin!(work);
    if command.ends_when_interrupted() {
        return work.await;
    }
    let (mut is_warned, mut is_hung_up, mut ends_after_cut) = (false, false, false);
    let mut requests = Requests::new();
    loop {
        // A cut that is over is followed by a question to a server, so this hears of it in time.
        let is_after_cut = || ends_after_cut && stage.get() != Stage::Cutting;
        let working = poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if is_after_cut() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let heard = tokio::select! {
            biased;
            ended = working => match ended {
                Some(outcome) => return outcome,
                None => None,
            },
            request = requests.next() => Some(request),
        };
        // A terminal is closed once, however often that is told.
        let is_hang_up = heard == Some(Request::HangUp);
        if is_hang_up && (is_warned || is_hung_up) {
            continue;
        }
        is_hung_up |= is_hang_up;
        let (code, text) = match stage.get() {
            Stage::Unchanged => (Code::Interrupted, "interrupted; nothing was changed"),
            Stage::Written => (
                Code::NotFollowed,
                "interrupted; the change was written, and it is unknown if all processes follow; \
                `wait` goes on",
            ),
            Stage::Moving => (
                Code::OutcomeUnknown,
                "interrupted; the move stays where it is; look with `move COMPONENT --status`, go on \
                with `--resume`, or give it up with `--abort`",
            ),
            Stage::FailingOver => (
                Code::OutcomeUnknown,
                "interrupted; the sentinels go on with the fail-over; give the same command again to see \
                whether it is over",
            ),
            Stage::Cutting | Stage::Copying if is_warned => (
                Code::OutcomeUnknown,
                "interrupted; the old server may refuse writes; go on with `move COMPONENT --resume`, \
                or give it up with `--abort`",
            ),
            Stage::Copying => {
                warn(
                    "the copy ends, and the old server gets its writes back unless the configs name the new \
                    one; interrupt again to end at once",
                );
                is_warned = !is_hang_up;
                continue;
            }
            Stage::Cutting => {
                warn(
                    "a server refuses writes now, so the cut is made first; interrupt again to end at once",
                );
                (is_warned, ends_after_cut) = (!is_hang_up, true);
                continue;
            }
            Stage::Preparing if is_warned => (
                Code::Interrupted,
                "interrupted; no config was written, and processes keep the candidate for an hour",
            ),
            Stage::Preparing => {
                is_warned = !is_hang_up;
                continue;
            }
            Stage::Committing if is_warned => (
                Code::OutcomeUnknown,
                "interrupted; it is unknown if the config was written; look with `get` and \
                `history`",
            ),
            Stage::Committing => {
                warn("the change is on its way; waiting for the answer of the config server");
                is_warned = !is_hang_up;
                continue;
            }
        };
        let failure = Failure::new(
            code,
            text.replace("COMPONENT", command.moves().unwrap_or_default()),
        );
        return Err(match command.moves() {
            Some(component) => failure.of_component(component),
            None => failure,
        });
    }
}

async fn dispatch(context: &Context, command: &Command) -> Result<Reply, Failure> {
    match command {
        Command::List => list::run(context).await,
        Command::Get(options) => get::run(context, options).await,
        Command::Check(options) => check::run(context, options).await,
        Command::Set(options) => set::run(context, options).await,
        Command::Canary(options) => canary::run(context, options).await,
        Command::Diff(options) => diff::run(context, options).await,
        Command::History(options) => show_history::run(context, options).await,
        Command::Rollback(options) => rollback::run(context, options).await,
        Command::Watch(options) => watch::run(context, options).await,
        Command::Wait(options) => wait::run(context, options).await,
        Command::Fleet(options) => show_fleet::run(context, options).await,
        Command::Who(options) => who::run(context, options).await,
        Command::Move(options) => relocate::run(context, options).await,
        Command::Doctor(options) => doctor::run(context, options).await,
        #[cfg(feature = "serve")]
        Command::Serve(options) => serve_http::run(context, options).await,
        #[cfg(feature = "top")]
        Command::Top(options) => show_top::run(context, options).await,
        Command::Completions(options) => completions::run(options),
    }
}
