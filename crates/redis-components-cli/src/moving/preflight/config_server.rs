//! Whether the config server takes what a move writes there.
//!
//! After the cut it is too late to find out: the data has moved, and the configs name the old server.

use redis::Cmd;

use crate::failure::{Code, Failure};
use crate::moving::preflight::config_role::{Movers, of_config_role};
use crate::moving::preflight::findings::Checks;
use crate::moving::records::lease;
use crate::moving::records::record::Record;
use crate::rights::{NOBODY, command, missing};
use crate::session::Session;

/// No server takes it as an option or a number: it looks at the rights first, and then refuses.
const NONE: &str = "none";

/// Looks at the server itself, at the rights to everything that a move reads and writes, and at the
/// histories.
///
/// # Errors
///
/// Returns an error if the config server does not answer.
pub(crate) async fn of_config_server(
    checks: &mut Checks,
    session: &Session,
    record: &Record,
    movers: &Movers<'_>,
) -> Result<(), Failure> {
    of_config_role(checks, session, movers).await?;
    let mut found = missing(session, &commands(session, record)).await?;
    // The name of a key that nobody has says nothing.
    let of_nobody = format!("del on `{}`", session.names.record(NOBODY));
    found.retain(|missing| *missing != of_nobody);
    let found = if found.is_empty() {
        fleet(session).await?
    } else {
        Some(format!("missing: {}", found.join(", ")))
    };
    checks.refuse(
        "config server rights",
        found,
        "`move` needs these on the config server; docs/operations.md lists them",
    );
    checks.refuse(
        "history",
        no_history(session, record).await?,
        "the configs are written with an entry there",
    );
    Ok(())
}

/// Demands before the cut that the configs can be written after it.
///
/// # Errors
///
/// Returns an error if they cannot, or the config server does not answer.
pub(crate) async fn demand_committable(
    session: &Session,
    record: &Record,
    movers: &Movers<'_>,
) -> Result<(), Failure> {
    let mut checks = Checks::default();
    of_config_server(&mut checks, session, record, movers).await?;
    let Some(check) = checks.found.first() else {
        return Ok(());
    };
    let text = format!(
        "the configs could not be written when the data has moved: {}: {}; {}; nothing has moved; mend \
        that, and go on with `--resume`",
        check.name, check.found, check.advice
    );
    let failure = Failure::new(Code::NotPossible, text).of_component(&record.component);
    Err(failure.at(&session.server))
}

/// Returns commands that change nothing.
fn commands(session: &Session, record: &Record) -> Vec<(&'static str, Cmd)> {
    let mut commands = vec![("info", command(&["INFO", "server"]))];
    let mut set = vec![session.names.fleet()];
    for component in record.components() {
        let (config, history) = (
            session.names.key(component),
            session.names.history(component),
        );
        let record = session.names.record(component);
        commands.extend([
            ("watch", command(&["WATCH", &config, &history, &record])),
            ("unwatch", command(&["UNWATCH"])),
            ("type", command(&["TYPE", &history])),
            (
                "xrevrange",
                command(&["XREVRANGE", &history, "+", "-", "COUNT", "1"]),
            ),
            ("xinfo|stream", command(&["XINFO", "STREAM", &history])),
            (
                "xadd",
                command(&["XADD", &history, "MAXLEN", NONE, "1-0", "config", ""]),
            ),
        ]);
        set.extend([config, record]);
    }
    // The nodes of a cluster are not known to `doctor`.
    for server in record.servers().unwrap_or_default() {
        let lease = lease::key(&server);
        commands.extend([
            ("eval", command(&["EVAL", "return 1", "1", &lease])),
            ("get", command(&["GET", &lease])),
            ("pexpire", command(&["PEXPIRE", &lease, NONE])),
        ]);
        set.push(lease);
    }
    let set = set
        .iter()
        .map(|key| ("set", command(&["SET", key, "", NONE])));
    commands.extend(set);
    commands.push(("del", command(&["DEL", &session.names.record(NOBODY)])));
    commands
}

/// Returns why the user may not see which processes there are.
async fn fleet(session: &Session) -> Result<Option<String>, Failure> {
    let seen = async {
        let receipts = session.receipts(None).await?;
        session.silent(&receipts).await
    };
    match seen.await {
        Err(failure) if failure.code == Code::NoRights => Ok(Some(failure.message)),
        // Another error is told when the fleet is asked.
        Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
        _ => Ok(None),
    }
}

/// Returns which key holds something else than the history of a config.
async fn no_history(session: &Session, record: &Record) -> Result<Option<String>, Failure> {
    for component in record.components() {
        match session.end(component).await {
            Err(failure) if failure.code == Code::WrongType => return Ok(Some(failure.message)),
            Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
            _ => {}
        }
    }
    Ok(None)
}
