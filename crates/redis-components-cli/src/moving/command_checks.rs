//! Whether both servers know the commands that go between them by the same names.
//!
//! `rename-command` takes a command from whoever does not know its new name, and a replica is no
//! exception: it ignores what it does not know.

use std::collections::BTreeSet;

use redis::Value;

use super::findings::Checks;
use super::link::Link;
use crate::failure::Failure;
use crate::text::named;

/// What a replica sends to its primary, and a primary into its stream. After the cut the roles are
/// the other way round.
const OF_REPLICATION: [&str; 3] = ["PSYNC", "REPLCONF", "PING"];

const ADVICE: &str = "let both servers know the same commands by the same names (`rename-command`), and \
                      allow +command|info on both";

/// Looks whether both servers know the commands of a replication.
pub(super) async fn of_commands(checks: &mut Checks, source: &Link, target: &Link) {
    let lacking = match lacking(source, target).await {
        Ok(None) => differing(source, target).await,
        Ok(Some(found)) => Ok((Some(found), None)),
        Err(failure) => Err(failure),
    };
    let (found, maybe) = lacking.unwrap_or_else(|failure| (Some(failure.message), None));
    checks.refuse("commands", found, ADVICE);
    checks.warn("commands", maybe, ADVICE);
}

/// Returns which server does not know what goes between both.
async fn lacking(source: &Link, target: &Link) -> Result<Option<String>, Failure> {
    for link in [source, target] {
        let known = known(link, &OF_REPLICATION).await?;
        let lacking = OF_REPLICATION.iter().zip(known);
        let lacking = lacking.filter(|(_, is_known)| !is_known);
        let lacking: Vec<_> = lacking.map(|(name, _)| (*name).to_owned()).collect();
        if !lacking.is_empty() {
            let server = link.place.address();
            let names = named(lacking.into_iter());
            return Ok(Some(format!(
                "{server} does not know {names} by name, which replication needs"
            )));
        }
    }
    Ok(None)
}

/// Returns which commands that write have been called on the source, and only one of both servers
/// knows; and which have not been called.
async fn differing(
    source: &Link,
    target: &Link,
) -> Result<(Option<String>, Option<String>), Failure> {
    let writing = writing(source).await?;
    let names: Vec<_> = writing.iter().map(String::as_str).collect();
    if names.is_empty() {
        return Ok((None, None));
    }
    let (here, there) = (known(source, &names).await?, known(target, &names).await?);
    let both = here.into_iter().zip(there);
    let differing = names.into_iter().zip(both);
    let differing: Vec<_> = differing
        .filter(|(_, (here, there))| here != there)
        .map(|(name, _)| name)
        .collect();
    if differing.is_empty() {
        return Ok((None, None));
    }
    let called = called(source).await?;
    let (called, others): (Vec<_>, Vec<_>) = differing
        .into_iter()
        .map(str::to_owned)
        .partition(|name| called.contains(name));
    let said = |names: Vec<String>, what: &str| {
        (!names.is_empty()).then(|| {
            let names = named(names.into_iter());
            format!("only one of both servers knows {names} by name{what}")
        })
    };
    Ok((
        said(
            called,
            ", and callers of the source use that: what it writes would be lost",
        ),
        said(others, ": what it writes would be lost"),
    ))
}

/// Returns whether a server knows each command by this name.
async fn known(link: &Link, names: &[&str]) -> Result<Vec<bool>, Failure> {
    let words = [&["COMMAND", "INFO"], names].concat();
    let found: Vec<Value> = link.query(&words).await?;
    let is_known = |found: &Value| matches!(found, Value::Array(fields) if !fields.is_empty());
    Ok(found.iter().map(is_known).collect())
}

/// Returns the commands of a server that write, by their own names, also if they were renamed.
async fn writing(link: &Link) -> Result<Vec<String>, Failure> {
    let mut all: Vec<Value> = link.query(&["COMMAND", "INFO"]).await.unwrap_or_default();
    if all.is_empty() {
        // Before Redis 7 there is no other way to ask for all.
        all = link.query(&["COMMAND"]).await.unwrap_or_default();
    }
    Ok(all.into_iter().filter_map(written_by).collect())
}

/// Returns the name of a command that writes.
fn written_by(command: Value) -> Option<String> {
    let Value::Array(fields) = command else {
        return None;
    };
    let mut fields = fields.into_iter();
    let name: String = redis::from_redis_value(fields.next()?).ok()?;
    let flags: Vec<String> = redis::from_redis_value(fields.nth(1)?).ok()?;
    flags.iter().any(|flag| flag == "write").then_some(name)
}

/// Returns the commands that a server has executed since it was started.
async fn called(link: &Link) -> Result<BTreeSet<String>, Failure> {
    let info: String = link.query(&["INFO", "commandstats"]).await?;
    let names = info.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        name.split('|').next().map(str::to_owned)
    });
    Ok(names.collect())
}
