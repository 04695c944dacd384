//! `wait`: wait until all processes run a config.

use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use serde_json::{Value, json};

use crate::complete::components;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::fleet::follow::{End, Ended, Goal, follow};
use crate::fleet::receipts::Unreadable;
use crate::output::Reply;
use crate::text::{counted, named};
use crate::time::duration;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component.
    #[arg(add = ArgValueCandidates::new(components))]
    component: String,
    /// The digest of the config to wait for, by default that of the config that is there.
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    #[command(flatten)]
    patience: Patience,
}

/// How long is waited, and for whom.
#[derive(Clone, Debug, Args)]
pub(crate) struct Patience {
    /// How long to wait, by default 30s.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Do not wait for processes that watch configs and do not report.
    #[arg(long)]
    ignore_silent: bool,
}

/// Whether the fleet is waited for after a change.
#[derive(Debug, Args)]
pub(crate) struct Following {
    /// Wait until all processes run it.
    #[arg(long)]
    pub(super) wait: bool,
    #[command(flatten)]
    patience: Patience,
}

impl Patience {
    fn goal<'a>(
        &self,
        command: &'static str,
        component: &'a str,
        digest: Option<String>,
    ) -> Goal<'a> {
        Goal {
            command,
            component,
            digest,
            timeout: self.timeout.unwrap_or(Duration::from_secs(30)),
            ignores_silent: self.ignore_silent,
        }
    }
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Reply, Failure> {
    let component = &*options.component;
    let goal = options
        .patience
        .goal("wait", component, options.digest.clone());
    Ok(reply(component, &follow(context, goal).await?))
}

impl Following {
    /// # Errors
    ///
    /// Returns an error if it is said how to wait, and not that.
    pub(super) fn check(&self, prepares: bool) -> Result<(), Failure> {
        let Patience {
            timeout,
            ignore_silent,
        } = self.patience;
        if self.wait || prepares || (timeout.is_none() && !ignore_silent) {
            return Ok(());
        }
        let text = "--timeout and --ignore-silent are for --wait; give it too";
        Err(Failure::usage(text))
    }

    /// Returns how long processes are waited for, and whether silent ones are not.
    pub(super) fn bounds(&self) -> (Duration, bool) {
        let timeout = self.patience.timeout.unwrap_or(Duration::from_secs(30));
        (timeout, self.patience.ignore_silent)
    }

    /// Waits until all processes run the config that a command has written, if that was asked for.
    pub(super) async fn after_write(
        &self,
        context: &Context,
        command: &'static str,
        component: &str,
        mut written: Reply,
    ) -> Reply {
        if !self.wait {
            return written;
        }
        // A canary is beside a config.
        let config = match &written.data["action"] {
            Value::Null => &written.data["digest"],
            _ => &written.data["previous"],
        };
        let digest = config.as_str().map(str::to_owned);
        let goal = self.patience.goal(command, component, digest);
        let waited = match follow(context, goal).await {
            Ok(ended) => reply(component, &ended),
            Err(failure) => Reply::default().failed(Some(failure)),
        };
        written.data["wait"] = waited.data;
        if !waited.text.is_empty() {
            written.text = format!("{}\n{}", written.text, waited.text);
        }
        written.failure = waited.failure.map(|mut failure| {
            if let Some(n) = written.data["n"].as_u64() {
                let hint = format!(
                    "; the config was written (history {n}), `rollback {component}` writes the \
                    one before it again"
                );
                failure.message.push_str(&hint);
            }
            failure
        });
        written
    }
}

fn reply(component: &str, ended: &Ended) -> Reply {
    let standing = &ended.standing;
    let refused: Vec<_> = ended.refused().collect();
    let data = json!({
        "component": component,
        "digest": ended.digest,
        "following": standing.following,
        "canaries": standing.canaries,
        "expected": standing.expected,
        "old_connections": standing.old_connections,
        "seconds": (ended.took.as_secs_f64() * 1e3).round() / 1e3,
        "refused": refused,
        "behind": standing.behind,
        "silent": ended.silent,
        "unreadable": standing.unreadable,
    });
    let reply = Reply::new(data, text(component, ended));
    let failure = match ended.end {
        End::Followed => None,
        End::Refused => Some((Code::ProcessRefused, refusal(component, ended))),
        End::TimedOut => Some((Code::NotFollowed, missing(component, ended))),
    };
    reply.failed(failure.map(|(code, text)| Failure::new(code, text).of_component(component)))
}

/// Returns what has been reached, for people.
fn text(component: &str, ended: &Ended) -> String {
    let standing = &ended.standing;
    if standing.expected == 0 && standing.unreadable.is_empty() {
        return format!("no process reports that it uses `{component}`");
    }
    let silent = match ended.silent.as_ref().map(Vec::len) {
        None => ", silent ones are not seen".to_owned(),
        Some(0) => String::new(),
        Some(count) => format!(", {count} silent"),
    };
    let canaries = match standing.canaries {
        0 => String::new(),
        count => format!(", {count} of them the canary"),
    };
    let unreadable = match standing.unreadable.len() {
        0 => String::new(),
        count => format!(", {count} with a receipt that cannot be read"),
    };
    let left = standing.old_connections;
    let s = if left == 1 { "" } else { "s" };
    format!(
        "{} of {} processes run it{canaries}{silent}{unreadable}, {left} connection{s} left on the old server",
        standing.following, standing.expected
    )
}

fn refusal(component: &str, ended: &Ended) -> String {
    let who = named(ended.refused().map(|row| {
        let reason = row.reason.as_deref().unwrap_or("no reason given");
        format!("{} ({reason})", row.process())
    }));
    let count = counted(ended.refused().count(), "process");
    format!("{count} refused the config of `{component}`: {who}")
}

fn missing(component: &str, ended: &Ended) -> String {
    let mut parts = Vec::new();
    let behind = &ended.standing.behind;
    let unread = &ended.standing.unread;
    if !behind.is_empty() || !unread.is_empty() {
        let who = named(behind.iter().chain(unread).map(|row| {
            let reason = row.reason.as_deref().map(|reason| format!(": {reason}"));
            format!(
                "{} ({}{})",
                row.process(),
                row.state,
                reason.unwrap_or_default()
            )
        }));
        let count = counted(behind.len() + unread.len(), "process");
        parts.push(format!("{count} without it: {who}"));
    }
    if !ended.standing.unreadable.is_empty() {
        parts.push(Unreadable::all_shown(&ended.standing.unreadable));
    }
    if let Some(silent) = ended.silent.as_ref().filter(|silent| !silent.is_empty()) {
        let who = named(silent.iter().map(|silent| silent.shown()));
        let count = counted(silent.len(), "process");
        parts.push(format!("{count} without a receipt: {who}"));
    }
    if let Some(lost) = &ended.lost {
        parts.push(lost.message.clone());
    }
    if parts.is_empty() {
        parts.push("the config server did not show the receipts".to_owned());
    }
    format!(
        "not all processes run the config of `{component}` in time: {}",
        parts.join("; ")
    )
}
