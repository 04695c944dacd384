//! The cut: the target takes over, with all that the source has written.
//!
//! `FAILOVER` holds writes until the target has acknowledged all of them, and then makes the source
//! its replica. Replicas acknowledge once a second on their own; `REPLCONF GETACK *` asks them to do
//! it now, so that writes are held for some milliseconds and not for up to a second.

use std::time::Duration;

use tokio::time::Instant;

use super::lease::Lease;
use super::link::Link;
use super::record::Record;
use super::seen::Failover;
use super::sight::Sight;
use crate::failure::{Code, Failure};
use crate::session::Session;

/// How long the source holds writes before it goes on as before. It is less than the time within
/// which calls expect an answer.
const HOLDS: &str = "300";
/// How long the target may take to answer when the source is its replica already.
const TAKES_OVER: Duration = Duration::from_secs(1);
/// How long processes may take to hear that there is no candidate any more.
const WITHDRAWN_WITHIN: Duration = Duration::from_millis(200);
const TRIES: u32 = 5;
const LOOKED_EVERY: Duration = Duration::from_micros(500);

/// Lets the target take over. Returns how long writes were held.
///
/// # Errors
///
/// Returns an error if it does not. Then the source takes writes as before, unless the error says
/// that a person must decide.
pub(crate) async fn cut(
    session: &Session,
    record: &Record,
    sight: &Sight,
    lease: &Lease,
) -> Result<Duration, Failure> {
    let (source, target) = sight.links()?;
    for _ in 0..TRIES {
        lease.demand()?;
        let replicas = source.see().await?.replicas;
        let at = sight.target.among(&replicas).await.ok_or_else(|| {
            let target = target.place.address();
            let text = format!("{target} is no online replica of the source any more");
            Failure::new(Code::WrongState, text)
        })?;
        let begun = Instant::now();
        let port = at.port.to_string();
        let words = ["FAILOVER", "TO", &at.host, &port, "TIMEOUT", HOLDS];
        let () = source.query(&words).await?;
        if take_over(session, record, (source, target)).await? {
            return Ok(begun.elapsed());
        }
    }
    let text = format!(
        "{} does not hold writes for long enough for {} to get all of them; nothing has moved; try \
        again with `--resume` when there is less load",
        source.place.address(),
        target.place.address()
    );
    Err(Failure::new(Code::NotReady, text))
}

/// Waits until the target is the primary, or the source has given up. Returns `true` for the first.
///
/// # Errors
///
/// As [`cut`].
pub(crate) async fn take_over(
    session: &Session,
    record: &Record,
    (source, target): (&Link, &Link),
) -> Result<bool, Failure> {
    let mut handing_over = None;
    let asking = target.place.connect().await.ok();
    loop {
        if let Some(asking) = &asking {
            asking.tell(&["REPLCONF", "GETACK", "*"]).await;
        }
        if target.see().await?.is_primary() {
            return Ok(true);
        }
        let seen = source.see().await?;
        match seen.failover {
            Failover::None if seen.is_primary() => return Ok(false),
            Failover::None | Failover::WaitingForSync => {}
            Failover::InProgress => {
                let since: &mut Instant = handing_over.get_or_insert_with(Instant::now);
                if since.elapsed() > TAKES_OVER {
                    return call_back(session, record, (source, target)).await;
                }
            }
        }
        Link::pause(LOOKED_EVERY).await;
    }
}

/// Makes the source the primary again, because the target does not take over. Returns `true` if it
/// has in the last moment.
async fn call_back(
    session: &Session,
    record: &Record,
    (source, target): (&Link, &Link),
) -> Result<bool, Failure> {
    // No call may write to the target when the source takes writes again. A config server that
    // does not answer must not keep the source from that: until the target takes over, it refuses
    // writes as well.
    let withdrawn = session.withdraw(record).await;
    Link::pause(WITHDRAWN_WITHIN).await;
    if target.see().await?.is_primary() {
        return Ok(true);
    }
    let () = source.query(&["FAILOVER", "ABORT"]).await?;
    if target.see().await?.is_primary() {
        // It took over between the two.
        let text = format!(
            "{} and {} both take writes; look at both with INFO replication, and decide which one has \
            the data",
            source.place.address(),
            target.place.address()
        );
        return Err(Failure::new(Code::MustDecide, text));
    }
    withdrawn?;
    let text = format!(
        "{} did not take over within a second, and {} takes writes again; check that it can log in \
        there (`masteruser`, `masterauth`), and that each reaches the other",
        target.place.address(),
        source.place.address()
    );
    Err(Failure::new(Code::NotPossible, text))
}
