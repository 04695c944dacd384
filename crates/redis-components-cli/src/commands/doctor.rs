//! `doctor`: what is wrong, or will be.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use clap_complete::ArgValueCandidates;
use futures_util::stream::{self, StreamExt as _};
use redis::Value;
use redis_components::ComponentConfig;

use super::doctor_fleet::{fleet, salt};
use super::doctor_rights::{of_a_move, of_an_operator};
use crate::complete::components;
use crate::context::Context;
use crate::copying::checks::preflight as preflight_of_copy;
use crate::copying::plan::plan as plan_of_copy;
use crate::copying::program::Program;
use crate::copying::side::Side;
use crate::disabled::is_disabled;
use crate::examined::{Check, State};
use crate::failure::{Code, Failure};
use crate::moving::preflight::checks::preflight;
use crate::moving::preflight::findings::{Checks, Level};
use crate::moving::records::plan::{logins, plan};
use crate::output::{Reply, table};
use crate::probe::{AT_ONCE, Tried, probe};
use crate::server_failure::said;
use crate::session::Session;
use crate::subject::invalid;
use crate::text::{counted, printable};

/// Candidates end, and changes are dated, by the clocks of several machines.
const CLOCKS_DIFFER: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Look only whether the data of this component can move.
    #[arg(long = "move", value_name = "COMPONENT", requires = "to", add = ArgValueCandidates::new(components))]
    moves: Option<String>,
    /// The server to move to, as for `move`.
    #[arg(long, value_name = "HOST:PORT|FILE|JSON", requires = "moves")]
    to: Option<String>,
    /// The other components whose data is on the same server, as for `move`.
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',', requires = "moves", add = ArgValueCandidates::new(components))]
    with: Vec<String>,
    /// The command that would copy the data, as for `move`. It is not run.
    #[arg(long, value_name = "COMMAND", requires = "moves")]
    copy_with: Option<String>,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let session = context.session().await?;
    if let (Some(component), Some(to)) = (&options.moves, &options.to) {
        let with = &options.with;
        let made = match &options.copy_with {
            Some(command) => look_at_copy(&session, component, with, (to, command)).await?,
            None => look(&session, component, with, to).await?,
        };
        return Ok(reply(&of_checks(made)));
    }
    let info = info(&session).await;
    let mut checks = vec![version(&session, info.as_ref()), role(&session).await];
    checks.push(of_an_operator(&session).await?);
    checks.push(of_a_move(&session).await?);
    checks.push(clock(&session).await);
    if let Some(info) = &info {
        checks.push(persistence(info));
        checks.push(eviction(info));
    }
    checks.push(salt(&session));
    let names = session.components().await?;
    checks.extend(fleet(&session, &names).await?);
    let looking = names.iter().map(|name| component(&session, name));
    checks.extend(
        stream::iter(looking)
            .buffered(AT_ONCE)
            .collect::<Vec<_>>()
            .await,
    );
    Ok(reply(&checks))
}

fn reply(checks: &[Check]) -> Reply {
    let problems = checks
        .iter()
        .filter(|check| check.state == State::Problem)
        .count();
    let failure =
        (problems > 0).then(|| Failure::new(Code::Problems, counted(problems, "problem")));
    let lines = checks.iter().map(|check| {
        let state = format!("{:?}", check.state).to_lowercase();
        [
            Some(check.check.clone()),
            Some(state),
            Some(check.found.clone()),
            check.advice.clone(),
        ]
    });
    let text = table(["check", "state", "found", "advice"], lines);
    Reply::new(checks, text).failed(failure)
}

/// Looks whether the data of a component, and of those beside it, can move.
async fn look(
    session: &Session,
    component: &str,
    with: &[String],
    to: &str,
) -> Result<Checks, Failure> {
    let record = plan(session, component, with, to).await?;
    let source = record.source()?.connect().await?;
    let target = record.target()?.connect().await?;
    // A reference is no login. `move` then asks for one.
    let replication = logins(&record).ok();
    preflight(session, &record, (&source, &target), replication.as_ref()).await
}

/// Looks whether a program can copy the data of a component, and does not run it.
async fn look_at_copy(
    session: &Session,
    component: &str,
    with: &[String],
    (to, command): (&str, &str),
) -> Result<Checks, Failure> {
    Program { command }.demand_runnable()?;
    let record = plan_of_copy(session, component, with, to).await?;
    let source = Side::connect(component, &record.old[component]).await?;
    let target = Side::connect(component, &record.new[component]).await?;
    preflight_of_copy(session, &record, &source, &target).await
}

/// Returns what the checks before a move have found.
fn of_checks(made: Checks) -> Vec<Check> {
    let found = made.found.into_iter().map(|check| {
        let state = match check.level {
            Level::Warning => State::Warning,
            Level::Refusal => State::Problem,
        };
        Check::ok(check.name, check.found).but(state, check.advice)
    });
    let checks: Vec<_> = found.collect();
    let others = format!("{} more checks found nothing", made.made - checks.len());
    let others = Check::ok("move", others);
    checks.into_iter().chain([others]).collect()
}

type Info = HashMap<String, String>;

/// Returns what the config server says of itself, if it may be asked.
async fn info(session: &Session) -> Option<Info> {
    let text: String = session.query(&redis::cmd("INFO")).await.ok()?;
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    Some(
        fields
            .map(|(name, value)| (name.to_owned(), printable(value.trim_end())))
            .collect(),
    )
}

fn version(session: &Session, info: Option<&Info>) -> Check {
    let name = "config server";
    let Some(info) = info else {
        let found = format!("{} answers", session.server);
        return Check::ok(name, found)
            .but(State::Warning, "allow +info, so that more can be looked at");
    };
    let valkey = info
        .get("valkey_version")
        .map(|version| format!("Valkey {version}"));
    let version = info.get("redis_version").cloned().unwrap_or_default();
    let shown = valkey.unwrap_or_else(|| format!("Redis {version}"));
    let check = Check::ok(name, format!("{}, {shown}", session.server));
    let major: Option<u32> = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_some_and(|major| major < 6) {
        check.but(
            State::Warning,
            "it pushes no changes, so processes poll; version 6 does",
        )
    } else {
        check
    }
}

async fn role(session: &Session) -> Check {
    let name = "role of the config server";
    let Ok(Value::Array(answer)) = session.query::<Value>(&redis::cmd("ROLE")).await else {
        return Check::ok(name, "unknown").but(State::Warning, "allow +role");
    };
    match answer.first() {
        Some(Value::BulkString(role)) if role == b"master" => Check::ok(name, "primary"),
        _ => Check::ok(name, "replica").but(
            State::Problem,
            "configs cannot be written here; name the primary as the config server",
        ),
    }
}

async fn clock(session: &Session) -> Check {
    let name = "clocks";
    let before = SystemTime::now();
    let Ok((seconds, micros)) = session.query::<(u64, u32)>(&redis::cmd("TIME")).await else {
        return Check::ok(name, "unknown").but(State::Warning, "allow +time");
    };
    let took = before.elapsed().unwrap_or_default();
    let there = UNIX_EPOCH + Duration::new(seconds, micros.saturating_mul(1000));
    let here = before + took / 2;
    let difference = here
        .duration_since(there)
        .unwrap_or_else(|error| error.duration());
    let check = Check::ok(
        name,
        format!(
            "{:.3} s between here and the config server",
            difference.as_secs_f64()
        ),
    );
    if difference > CLOCKS_DIFFER + took {
        check.but(
            State::Warning,
            "set both clocks by NTP: candidates end, and changes are dated, by both",
        )
    } else {
        check
    }
}

fn persistence(info: &Info) -> Check {
    let name = "persistence of the config server";
    let is = |field: &str, value: &str| info.get(field).is_some_and(|found| found == value);
    if is("aof_enabled", "1") {
        if is("aof_last_write_status", "err") {
            return Check::ok(name, "appendonly, and the last write failed")
                .but(State::Problem, "look at its log and its disk");
        }
        return Check::ok(name, "appendonly");
    }
    if is("rdb_last_bgsave_status", "err") {
        return Check::ok(name, "snapshots, and the last one failed")
            .but(State::Problem, "look at its log and its disk");
    }
    Check::ok(name, "no appendonly").but(
        State::Warning,
        "after a crash the configs since the last snapshot are lost; set appendonly yes",
    )
}

fn eviction(info: &Info) -> Check {
    let name = "memory of the config server";
    let policy = info.get("maxmemory_policy").cloned().unwrap_or_default();
    let bytes = |field: &str| info.get(field).and_then(|bytes| bytes.parse::<u64>().ok());
    let (most, used) = (bytes("maxmemory").unwrap_or(0), bytes("used_memory"));
    let is_bounded = most != 0;
    let check = Check::ok(name, policy.clone());
    if is_bounded && policy == "noeviction" && used >= Some(most) {
        let found = format!("{} of {most} bytes are used", used.unwrap_or(0));
        let check = Check::ok(name, found);
        return check.but(
            State::Problem,
            "it refuses to write configs; raise maxmemory",
        );
    }
    if is_bounded && policy.starts_with("allkeys") {
        check.but(
            State::Problem,
            "it may evict configs; set maxmemory-policy noeviction",
        )
    } else {
        check
    }
}

async fn component(session: &Session, component: &str) -> Check {
    let name = format!("component {component}");
    let check = |found: &str| Check::ok(&name, found);
    let bytes = match session.read(&session.names.key(component)).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            let advice = format!("write one with `set {component}`");
            return check("no config").but(State::Warning, advice);
        }
        Err(failure) => return check(&failure.message).but(State::Problem, "look at the key"),
    };
    let noted = session
        .entries(component, 1)
        .await
        .ok()
        .and_then(|mut entries| entries.pop());
    let is_noted = noted.is_none_or(|entry| entry.config == bytes);
    let text = String::from_utf8(bytes).unwrap_or_default();
    let config = match ComponentConfig::from_json(&text) {
        Ok(config) => config,
        Err(error) => {
            let found = invalid(component, &text)
                .map_or_else(|| error.to_string(), |failure| failure.message);
            let advice = format!(
                "`check --component {component}` shows where; processes keep the last config"
            );
            return check(&found).but(State::Problem, advice);
        }
    };
    if is_disabled(&config) {
        return check("switched off");
    }
    match probe(&config).await {
        Err(error) => check(&said(&error)).but(
            State::Problem,
            "processes that reach what is reached from here cannot use it either; if one does run it, the \
            server there is of another kind and refuses its calls",
        ),
        Ok(Tried::NotHere(reason)) => check(&reason).but(
            State::Warning,
            "run `doctor` where the component runs to try its server",
        ),
        Ok(Tried::Answered(probed)) => {
            let found = check(&probed.subject());
            if let Some(warning) = probed.warning() {
                found.but(State::Warning, warning)
            } else if is_noted {
                found
            } else {
                let advice = "the config was written without its history; use `set`, so that it \
                can be rolled back";
                found.but(State::Warning, advice)
            }
        }
    }
}
