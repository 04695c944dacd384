//! Whether the source lets itself be fenced, where it cannot fail over.

use crate::failure::{Code, Failure};
use crate::moving::servers::link::Link;
use crate::moving::standing::closed::{CLOSED, LAG, NOWHERE, OPTION, demand_settable};

/// Returns the number of replicas that the source wants, which is what the fence must leave.
///
/// # Errors
///
/// Returns an error if the source does not say it, or a fence would not hold there.
pub(crate) async fn before(source: &Link) -> Result<String, Failure> {
    let server = source.place.address();
    let before = source.option(OPTION).await;
    let Some(before) = before.filter(|before| before != CLOSED) else {
        let text = format!(
            "{server} does not say its `{OPTION}`, so that the fence could not be taken away; allow \
            +config|get, or +failover"
        );
        return Err(Failure::new(Code::NotPossible, text).at(&server));
    };
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
