//! What the options of both servers say against a move.

use crate::failure::Failure;
use crate::moving::preflight::fence;
use crate::moving::preflight::findings::Checks;
use crate::moving::preflight::target::READ_ONLY;
use crate::moving::records::plan::fields;
use crate::moving::records::record::Record;
use crate::moving::servers::fence::{CLOSED, OPTION};
use crate::moving::servers::link::Link;
use crate::moving::servers::way::Way;
use crate::moving::standing::closed::demand_settable;
use crate::text::named;

/// Returns the database that a config names.
pub(crate) fn database(text: &str) -> String {
    let database = fields(text).get("db").map(ToString::to_string);
    database.map_or_else(|| "0".to_owned(), |db| db.trim_matches('"').to_owned())
}

/// Looks whether callers find the data where it was: a replica has it in the same database.
pub(crate) fn of_databases(checks: &mut Checks, record: &Record) {
    let both = record.old.iter().filter_map(|(component, old)| {
        let (old, new) = (database(old), database(record.new.get(component)?));
        (old != new).then(|| format!("`{component}` would go from database {old} to {new}"))
    });
    let both: Vec<_> = both.collect();
    checks.refuse(
        "database",
        (!both.is_empty()).then(|| named(both.into_iter())),
        "a replica has the data in the database where it was: name that one in the config of --to; only a \
        program that copies the data, with --copy-with, can change it",
    );
}

/// Looks how the cut can be made.
///
/// # Errors
///
/// Returns an error if the source does not answer.
pub(crate) async fn way(checks: &mut Checks, source: &Link) -> Result<(), Failure> {
    let is_fenced = Way::of(source).await? == Way::Fence;
    checks.warn(
        "FAILOVER",
        is_fenced.then(|| {
            "the source does not know the command or does not allow it, so the cut fences it: calls that \
            write are refused and wait until the target has taken over"
                .to_owned()
        }),
        "if this command dies meanwhile, writes are refused until --resume or --abort; Redis 6.2 with \
        +failover heals itself",
    );
    // Who does not say it is refused for that, if the cut needs it.
    if source.option(OPTION).await.as_deref() == Some(CLOSED) {
        let found = fence::left(&source.place.address());
        checks.refuse("fence", Some(found), fence::LIFT);
        return Ok(());
    }
    let impossible = if is_fenced {
        fence::demand_possible(source).await.err()
    } else {
        None
    };
    checks.refuse(
        "fence",
        impossible.map(|failure| failure.message),
        "the source needs +failover, or +config|get, +config|set and +replicaof for the fence",
    );
    Ok(())
}

/// Looks whether both servers let this user do what comes, and changes nothing.
pub(crate) async fn rights(checks: &mut Checks, source: &Link, target: &Link) {
    let refused = [
        demand_settable(source).await,
        demand_settable(target).await,
        demand_readable(source).await,
        demand_readable(target).await,
        target.demand(&["REPLICAOF", "127.0.0.1", "none"]).await,
    ];
    let refused = refused.into_iter().find_map(Result::err);
    checks.refuse(
        "rights",
        refused.map(|failure| failure.message),
        "the user of the config needs +config|get and +config|set on both servers, and +replicaof on the target",
    );
    let mut kept = None;
    for link in [source, target] {
        // A name has no spaces, and a connection has a number.
        let naming = link.demand(&["CLIENT", "SETNAME", "a name"]).await;
        let closing = link.demand(&["CLIENT", "KILL", "ID", "none"]).await;
        kept = kept.or(naming.and(closing).err());
    }
    checks.warn(
        "late requests",
        kept.map(|failure| failure.message),
        "without +client|setname and +client|kill on both servers, a command that stood still may act after \
        another one has decided about the move",
    );
}

/// Demands that a server says what the checks ask, before the move and before its cut: what it keeps
/// to itself would count as fine.
async fn demand_readable(server: &Link) -> Result<(), Failure> {
    for name in [READ_ONLY, OPTION, "databases"] {
        server.demand_option(name).await?;
    }
    Ok(())
}

/// Looks for what `--undo` will refuse.
pub(crate) async fn of_undo(checks: &mut Checks, source: &Link) {
    let value = source.option(OPTION).await;
    // A fence that was left is refused.
    let value = value.filter(|value| value != "0" && value != CLOSED);
    checks.warn(
        "undo",
        value.map(|value| format!("`{OPTION}` of the source is {value}")),
        "set it to 0 there before --undo, or that is refused: without its replicas the server would take no \
        writes",
    );
}

/// Compares what both servers are set to.
pub(crate) async fn of_both(checks: &mut Checks, source: &Link, target: &Link) {
    let is_mixed = source.place.is_tls != target.place.is_tls;
    checks.refuse(
        "TLS",
        is_mixed.then(|| "one server is named with TLS, and the other without".to_owned()),
        "each must reach the other in the same way: name both with `ssl`, or neither",
    );
    let mut otherwise = Vec::new();
    for link in [source, target] {
        let is_tls = link.option("tls-replication").await.as_deref() == Some("yes");
        if is_tls != link.place.is_tls {
            otherwise.push(link.place.address());
        }
    }
    let (how, advice) = if source.place.is_tls {
        (
            "replicates in plain text, and its config names TLS",
            "set `tls-replication yes` there, and its certificates",
        )
    } else {
        (
            "replicates over TLS, and its config names plain text",
            "name both servers with `ssl` and their ports for TLS, or set `tls-replication no` there",
        )
    };
    let found = otherwise.first().filter(|_| !is_mixed);
    checks.refuse(
        "tls-replication",
        found.map(|server| format!("{server} {how}")),
        advice,
    );
    let mut weaker = Vec::new();
    let is_on = |option: &str, value: &str| match option {
        "appendonly" => value == "yes",
        _ => !value.is_empty(),
    };
    for option in ["appendonly", "save"] {
        if let (Some(here), Some(there)) =
            (source.option(option).await, target.option(option).await)
            && is_on(option, &here)
            && !is_on(option, &there)
        {
            weaker.push(format!("`{option}` is off"));
        }
    }
    checks.warn(
        "persistence",
        (!weaker.is_empty()).then(|| {
            let weaker = weaker.join(" and ");
            format!("the target keeps less on its disk than the source: {weaker}")
        }),
        "set it there as on the source, or it loses more when it ends",
    );
}
