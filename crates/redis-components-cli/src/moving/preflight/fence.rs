//! Whether the source lets itself be fenced, where it cannot fail over.

use crate::failure::{Code, Failure};
use crate::moving::servers::fence::{CLOSED, LAG, NOWHERE, OPTION};
use crate::moving::servers::link::Link;
use crate::moving::standing::closed::demand_settable;

/// How writes are given back to a server with a fence that nobody has a record of.
pub(crate) const LIFT: &str = "if none is under way there (`move COMPONENT --status`), give writes back with `CONFIG SET min-replicas-to-write 0` there, or with \
                               the number that it was before";
/// The same for a server that has stepped down too.
pub(crate) const LET_WRITE: &str = "if no move is under way there (`move COMPONENT --status`), and no other server has taken over its data, give writes back with \
                                    `REPLICAOF NO ONE` and `CONFIG SET min-replicas-to-write 0` there";

/// Returns that a move has left its fence on a server.
pub(crate) fn left(server: &str) -> String {
    format!("`{OPTION}` of {server} is {CLOSED}: it refuses all writes behind the fence of a move")
}

/// Returns that a move has left a server as the replica of nobody.
pub(crate) fn parked() -> String {
    let (host, port) = NOWHERE;
    format!(
        "it is a replica of {host}:{port}, where no server is: it refuses all writes in the cut of a move"
    )
}

/// Returns the number of replicas that the source wants, which is what the fence must leave.
///
/// # Errors
///
/// Returns an error if the source does not say it, or a fence would not hold there.
pub(crate) async fn before(source: &Link) -> Result<String, Failure> {
    let server = source.place.address();
    let Some(before) = source.option(OPTION).await else {
        let text = format!(
            "{server} does not say its `{OPTION}`, so that the fence could not be taken away; allow \
            +config|get, or +failover"
        );
        return Err(Failure::new(Code::NotPossible, text).at(&server));
    };
    if before == CLOSED {
        let text = format!("{}; {LIFT}", left(&server));
        return Err(Failure::new(Code::NotPossible, text).at(&server));
    }
    let stale = source.option("replica-serve-stale-data").await;
    if stale.is_some_and(|stale| stale != "yes") {
        let text = format!(
            "{server} would refuse even this command behind the fence, because its \
            `replica-serve-stale-data` is not `yes`; set it to yes there until the move is over"
        );
        return Err(Failure::new(Code::NotPossible, text).at(&server));
    }
    let lag = source.option(LAG).await;
    if lag.is_none_or(|lag| lag == "0") {
        let text = format!(
            "{server} refuses no writes while its `min-replicas-max-lag` is 0; set it to 10 there"
        );
        return Err(Failure::new(Code::NotPossible, text).at(&server));
    }
    Ok(before)
}

/// Demands that a fence can be set, and changes nothing.
///
/// # Errors
///
/// As [`before`], and returns an error if the source does not let itself be set, or follow another.
pub(crate) async fn demand_possible(source: &Link) -> Result<(), Failure> {
    before(source).await?;
    demand_settable(source).await?;
    source.demand(&["REPLICAOF", NOWHERE.0, "none"]).await
}
