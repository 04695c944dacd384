//! A server that refuses writes because of a fence, and how it takes them again.

use crate::failure::{Code, Failure};
use crate::moving::records::record::Record;
use crate::moving::servers::fence::{CLOSED, LAG, NOWHERE, OPTION};
use crate::moving::servers::link::Link;
use crate::moving::servers::replication::Role;

/// Returns `true` if a server has the fence.
///
/// # Errors
///
/// Returns an error if the server does not say it.
pub(crate) async fn is_closed(server: &Link) -> Result<bool, Failure> {
    let values: Vec<String> = server.query(&["CONFIG", "GET", OPTION]).await?;
    Ok(values.get(1).is_some_and(|value| value == CLOSED))
}

/// Demands that the options of a server can be set, and changes nothing.
///
/// # Errors
///
/// Returns an error if the server refuses.
pub(crate) async fn demand_settable(server: &Link) -> Result<(), Failure> {
    server.demand(&["CONFIG", "SET", LAG, "none"]).await
}

/// Demands that a server takes writes while nobody follows it, as in the first moments after a cut.
///
/// # Errors
///
/// Returns an error if it would refuse them, or does not say it.
pub(crate) async fn demand_takes_writes_alone(server: &Link) -> Result<(), Failure> {
    let wanted = server.demand_option(OPTION).await?;
    if wanted == "0" {
        return Ok(());
    }
    let address = server.place.address();
    let text = format!(
        "{address} would refuse writes after the cut, because its `{OPTION}` is {wanted}; nothing has \
        moved; set it to 0 there until the move is finished, and give the same command again"
    );
    Err(Failure::new(Code::NotPossible, text).at(&address))
}

/// Returns `true` if a server was made a replica of nobody.
pub(crate) fn is_parked(role: &Role) -> bool {
    let (nowhere, at) = NOWHERE;
    matches!(role, Role::Replica { host, port, .. } if host == nowhere && port.to_string() == at)
}

/// Lets the source take writes again. The target must not have taken over.
///
/// # Errors
///
/// Returns an error that says that it refuses writes.
pub(crate) async fn reopen(source: &Link, record: &Record) -> Result<(), Failure> {
    let server = source.place.address();
    let opening = async {
        if is_parked(&source.replication().await?.role) {
            let () = source.query(&["REPLICAOF", "NO", "ONE"]).await?;
        }
        lift(source, record).await
    };
    opening.await.map_err(|mut failure| {
        failure.message = format!(
            "{server} refuses writes, because it could not be given them back: {}; do it with `--abort`, \
            or go on with `--resume`",
            failure.message
        );
        failure.at(&server)
    })
}

/// Takes the fence away, if it is there, and leaves what was before.
///
/// # Errors
///
/// Returns an error if the server refuses.
pub(crate) async fn lift(server: &Link, record: &Record) -> Result<(), Failure> {
    match &record.fence {
        Some(before) if is_closed(server).await? => {
            server.query(&["CONFIG", "SET", OPTION, before]).await
        }
        _ => Ok(()),
    }
}

/// Lets the old server follow the new one, which it knows by an address.
///
/// # Errors
///
/// Returns an error if it refuses.
pub(crate) async fn follow(source: &Link, host: &str, port: u16) -> Result<(), Failure> {
    source.query(&["REPLICAOF", host, &port.to_string()]).await
}
