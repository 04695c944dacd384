//! Whether the config server takes writes, and goes on to take them: it is no replica, and does not move.

use crate::failure::{Code, Failure};
use crate::moving::preflight::findings::Checks;
use crate::moving::servers::replication::Role;
use crate::moving::servers::seen::Seen;
use crate::session::Session;

/// What to do with data that shares the config server.
const APART: &str = "give the configs a server of their own first, as docs/operations.md says under \
                     `To replace the config server`";

/// What a move would do to a config server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// The source and the target become replicas.
    Replicates,
    /// The source gets a fence, and the target is emptied if the move is given up.
    Copies,
}

/// The servers of a move, by what each has said of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Movers<'a> {
    pub(crate) source: &'a [Seen],
    pub(crate) target: &'a [Seen],
    pub(crate) harm: Harm,
}

/// Looks which role the config server has, and whether it is one of the servers of the move, by whatever
/// name or database.
///
/// # Errors
///
/// Returns an error if the config server does not answer.
pub(crate) async fn of_config_role(
    checks: &mut Checks,
    session: &Session,
    movers: &Movers<'_>,
) -> Result<(), Failure> {
    let seen = seen(session).await?;
    let found = seen.as_ref().and_then(|seen| shared(movers, seen));
    let (found, advice) = match (found, movers.harm) {
        (Some(Shared::Source), Harm::Replicates) => (
            Some(
                "it has the data that is to move, and would become a replica, where no command can write configs",
            ),
            APART,
        ),
        (Some(Shared::Source), Harm::Copies) => (
            Some(
                "it has the data that is to move, and would refuse all writes, and so those of configs",
            ),
            APART,
        ),
        (Some(Shared::Target), Harm::Replicates) => (
            Some(
                "it is the target, which becomes a replica: it would lose all configs, and no command could write there",
            ),
            "name another server with --to",
        ),
        (Some(Shared::Target), Harm::Copies) => (
            Some(
                "it is the target, which is emptied if the move is given up: it could lose all configs",
            ),
            "name another server with --to",
        ),
        (None, _) => (None, ""),
    };
    let server = &session.server;
    checks.refuse(
        "config server",
        found.map(|found| format!("{server}: {found}")),
        advice,
    );
    let primary = match seen.map(|seen| seen.replication.role) {
        Some(Role::Replica { host, port, .. }) => Some(format!("{host}:{port}")),
        _ => None,
    };
    checks.refuse(
        "config server role",
        primary.map(|primary| {
            format!("{server} is a replica of {primary}, so configs that are written there are refused or lost")
        }),
        "name its primary to processes and commands, or let it be the primary",
    );
    Ok(())
}

enum Shared {
    Source,
    Target,
}

fn shared(movers: &Movers<'_>, config: &Seen) -> Option<Shared> {
    let is_config = |seen: &Seen| !seen.run_id.is_empty() && seen.run_id == config.run_id;
    if movers.source.iter().any(is_config) {
        Some(Shared::Source)
    } else if movers.target.iter().any(is_config) {
        Some(Shared::Target)
    } else {
        None
    }
}

/// Returns what the config server says of itself; nothing if it does not allow the question, which the
/// check of the rights says.
async fn seen(session: &Session) -> Result<Option<Seen>, Failure> {
    match session.query::<String>(&redis::cmd("INFO")).await {
        Ok(info) => Ok(Some(Seen::parse(&info))),
        Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
        Err(_) => Ok(None),
    }
}
