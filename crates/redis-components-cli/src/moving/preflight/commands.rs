//! Whether both servers know the commands that go between them by the same names.
//!
//! `rename-command` takes a command from whoever does not know its new name, and a replica is no
//! exception: it ignores what it does not know. A server does not say what it has renamed a command to.

use std::collections::BTreeSet;

use redis::Value;

use crate::failure::{Code, Failure};
use crate::moving::preflight::findings::Checks;
use crate::moving::servers::link::Link;
use crate::text::named;

/// What a replica sends to its primary, and what a primary writes into its stream whatever its callers
/// have said: an `EXPIRE` becomes a `PEXPIREAT`, a key that expires a `DEL`, an `SPOP` an `SREM`. After
/// the cut the roles are the other way round.
const OF_REPLICATION: [&str; 12] = [
    "PSYNC",
    "REPLCONF",
    "PING",
    "SELECT",
    "MULTI",
    "EXEC",
    "DEL",
    "UNLINK",
    "PEXPIREAT",
    "PERSIST",
    "SREM",
    "XCLAIM",
];

/// What people use once in the life of a server, and many targets do not know.
const RARE: [&str; 2] = ["flushall", "flushdb"];

const ADVICE: &str = "let both servers know the same commands by the same names (`rename-command`), and \
                      allow +command on both; if callers do not use such a command any more, do CONFIG \
                      RESETSTAT on the source";

/// A command that writes.
struct Writing {
    /// Its own name, also if it was renamed.
    name: String,
    /// The names under which its calls are counted: its own, or those of its subcommands that write.
    counted: Vec<String>,
}

/// Looks whether both servers know the commands of a replication.
pub(crate) async fn of_commands(checks: &mut Checks, source: &Link, target: &Link) {
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

/// Returns which commands that write have been called on the source, and not both servers know; and
/// which have not been called.
async fn differing(
    source: &Link,
    target: &Link,
) -> Result<(Option<String>, Option<String>), Failure> {
    let writing = writing(source).await?;
    let names: Vec<_> = writing.iter().map(|one| &*one.name).collect();
    let (here, there) = (known(source, &names).await?, known(target, &names).await?);
    // Two servers that both do not know it may have renamed it differently.
    let both = here.into_iter().zip(there);
    let differing = writing.into_iter().zip(both);
    let differing: Vec<_> = differing
        .filter(|(_, (here, there))| !here || !there)
        .map(|(one, _)| one)
        .collect();
    if differing.is_empty() {
        return Ok((None, None));
    }
    let called = called(source).await?;
    let (called, others): (Vec<_>, Vec<_>) = differing
        .into_iter()
        .partition(|one| !one.is_rare() && one.counted.iter().any(|name| called.contains(name)));
    let said = |all: Vec<Writing>, what: &str| {
        (!all.is_empty()).then(|| {
            let names = named(all.into_iter().map(|one| one.name));
            format!("not both servers know {names} by name{what}: what it writes would be lost")
        })
    };
    Ok((
        said(called, ", and callers of the source have used that"),
        said(others, ""),
    ))
}

/// Returns whether a server knows each command by this name.
async fn known(link: &Link, names: &[&str]) -> Result<Vec<bool>, Failure> {
    let words = [&["COMMAND", "INFO"], names].concat();
    let found: Vec<Value> = link.query(&words).await?;
    let is_known = |found: &Value| matches!(found, Value::Array(fields) if !fields.is_empty());
    Ok(found.iter().map(is_known).collect())
}

/// Returns the commands of a server that write.
///
/// # Errors
///
/// Returns an error if it does not say them.
async fn writing(link: &Link) -> Result<Vec<Writing>, Failure> {
    let mut all: Vec<Value> = link.query(&["COMMAND", "INFO"]).await?;
    if all.is_empty() {
        // Before Redis 7 there is no other way to ask for all.
        all = link.query(&["COMMAND"]).await?;
    }
    let writing: Vec<_> = all.into_iter().filter_map(Writing::of).collect();
    if writing.is_empty() {
        let server = link.place.address();
        let text = format!("{server} does not say which commands it has");
        return Err(Failure::new(Code::NotPossible, text).at(&server));
    }
    Ok(writing)
}

impl Writing {
    /// Reads what a server says of a command: its name, its arity, its flags, and since Redis 7, as the
    /// tenth, its subcommands. A command that has any leaves the flags to them.
    fn of(command: Value) -> Option<Self> {
        let Value::Array(fields) = command else {
            return None;
        };
        let mut fields = fields.into_iter();
        let name: String = redis::from_redis_value(fields.next()?).ok()?;
        let flags: Vec<String> = redis::from_redis_value(fields.nth(1)?).ok()?;
        let parts: Vec<Value> = fields
            .nth(6)
            .and_then(|parts| redis::from_redis_value(parts).ok())
            .unwrap_or_default();
        let parts = parts.into_iter().filter_map(Self::of);
        let mut counted: Vec<_> = parts.flat_map(|part| part.counted).collect();
        if flags.iter().any(|flag| flag == "write") {
            counted.push(name.clone());
        }
        (!counted.is_empty()).then_some(Self { name, counted })
    }

    fn is_rare(&self) -> bool {
        RARE.contains(&&*self.name)
    }
}

/// Returns the commands that a server has executed since it was started, or since `CONFIG RESETSTAT`.
async fn called(link: &Link) -> Result<BTreeSet<String>, Failure> {
    let info: String = link.query(&["INFO", "commandstats"]).await?;
    let names = info.lines().filter_map(|line| {
        let (name, counts) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        // A command that was only refused is listed too.
        (!counts.starts_with("calls=0,")).then(|| name.to_owned())
    });
    Ok(names.collect())
}
