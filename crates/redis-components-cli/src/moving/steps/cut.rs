//! The cut: the target takes over, with all that the source has written.
//!
//! `FAILOVER` holds writes until the target has acknowledged all of them, and then makes the source
//! its replica. Replicas acknowledge once a second on their own; `REPLCONF GETACK *` asks them to do
//! it now, so that writes are held for some milliseconds and not for up to a second.
//!
//! It is asked when the target has all, and once. A replica that has continued a stream sends no small
//! packet before the last one was received for certain (Nagle's algorithm), and a source that holds
//! writes says that after 40 ms: an acknowledgement of less would keep back the one of all.

use std::time::Duration;

use tokio::join;
use tokio::time::{Instant, timeout};

use crate::failure::{Code, Failure};
use crate::moving::records::lease::Lease;
use crate::moving::records::record::Record;
use crate::moving::servers::host::{is_one_of, names_of};
use crate::moving::servers::link::Link;
use crate::moving::servers::replication::{Failover, Replication};
use crate::moving::standing::closed::{self, is_closed, is_parked};
use crate::moving::standing::sight::Sight;
use crate::session::Session;

/// How long the source holds writes before it goes on as before. It is less than the time within
/// which calls expect an answer.
pub(crate) const HOLDS: &str = "300";
/// How long the target may take to answer when the source is its replica already. With the next, it
/// is less than the time within which calls expect an answer.
const TAKES_OVER: Duration = Duration::from_millis(300);
/// How long processes may take to hear that there is no candidate any more.
const WITHDRAWN_WITHIN: Duration = Duration::from_millis(100);
const TRIES: u32 = 5;
/// How long the source may hold writes if somebody else has begun a `FAILOVER` without a time.
const HELD_BY_OTHERS: Duration = Duration::from_secs(1);

/// Lets the target take over. Returns how long writes were held; nothing if the target has lost its link
/// to the source, which takes writes as before.
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
) -> Result<Option<Duration>, Failure> {
    let (source, target) = sight.links()?;
    let asking = target.place.connect().await.ok();
    let mut refused = None;
    for _ in 0..TRIES {
        lease.demand()?;
        let replicas = source.replication().await?.replicas;
        let Some(at) = sight.target.among(&replicas).await else {
            return Ok(None);
        };
        let begun = Instant::now();
        let port = at.port.to_string();
        let words = ["FAILOVER", "TO", &at.host, &port, "TIMEOUT", HOLDS];
        refused = match source.query::<()>(&words).await {
            Ok(()) => None,
            // The target may have lost its link in this moment, and the next look says so.
            Err(failure) if failure.code == Code::ServerRefused => {
                Link::pause(WITHDRAWN_WITHIN).await;
                Some(failure)
            }
            Err(failure) => return Err(failure),
        };
        if refused.is_none()
            && take_over(session, record, (source, target), asking.as_ref()).await?
        {
            return Ok(Some(begun.elapsed()));
        }
    }
    if let Some(failure) = refused {
        return Err(failure);
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
/// Over `asking` the target is asked to acknowledge.
///
/// # Errors
///
/// As [`cut`].
pub(crate) async fn take_over(
    session: &Session,
    record: &Record,
    (source, target): (&Link, &Link),
    asking: Option<&Link>,
) -> Result<bool, Failure> {
    let (begun, mut since, mut asked) = (Instant::now(), None, None);
    loop {
        let (here, there) = join!(target.replication_soon(), source.replication_soon());
        if here.as_ref().is_some_and(Replication::is_primary) {
            return Ok(true);
        }
        let seen = match there {
            Some(seen) => seen,
            None => source.replication().await?,
        };
        match seen.failover {
            Failover::None if seen.is_primary() => return Ok(false),
            Failover::WaitingForSync if begun.elapsed() > HELD_BY_OTHERS => {
                return call_back(session, record, source, Some(target)).await;
            }
            Failover::WaitingForSync => {
                let has_all = here.is_some_and(|here| here.has_all_of(&seen));
                if let Some(asking) = asking
                    && has_all
                    && asked != Some(seen.offset)
                {
                    asking.ask_to_acknowledge().await;
                    asked = Some(seen.offset);
                }
            }
            Failover::InProgress | Failover::None => {
                let since: &mut Instant = since.get_or_insert_with(Instant::now);
                if since.elapsed() > TAKES_OVER && seen.failover == Failover::InProgress {
                    return call_back(session, record, source, Some(target)).await;
                }
                if since.elapsed() > TAKES_OVER {
                    // The source has handed over, and a busy target may only be slow to say so.
                    return if target.replication().await?.is_primary() {
                        Ok(true)
                    } else {
                        Err(nobody_takes_writes(source, target))
                    };
                }
            }
        }
    }
}

/// Gives the source its writes back, if it has stepped down or has a fence, and the target does not say
/// where it stands.
///
/// # Errors
///
/// Returns an error that says so if the source had stepped down, or if the fence cannot be taken away.
pub(crate) async fn give_writes_back(
    session: &Session,
    record: &mut Record,
    sight: &Sight,
) -> Result<(), Failure> {
    let (Some(source), None) = (&sight.source.link, &sight.target.seen) else {
        return Ok(());
    };
    if sight.source.is_handing_over() {
        call_back(session, record, source, sight.target.link.as_ref()).await?;
        return Ok(());
    }
    if !sight.is_fenced {
        return Ok(());
    }
    let is_untold = if sight.source.is_role(is_parked) {
        // The end of the source is noted before the target is told to take over.
        let stood = record.stood.as_ref();
        stood.is_some_and(|stood| stood.end.is_none())
    } else {
        // The target does not take over before the source is a replica. Only the fence proves that,
        // and it goes now.
        sight.source.is_primary() && is_closed(source).await?
    };
    if is_untold {
        let fence = record.fence.clone();
        session.note_uncut(record, fence).await?;
        closed::reopen(source, record).await?;
    }
    Ok(())
}

/// Makes the source the primary again, because the target does not take over. Returns `true` if it
/// has in the last moment.
///
/// # Errors
///
/// Returns an error that says so, or that a person must decide.
async fn call_back(
    session: &Session,
    record: &Record,
    source: &Link,
    target: Option<&Link>,
) -> Result<bool, Failure> {
    // No call may write to the target when the source takes writes again. A config server that
    // does not answer must not keep the source from that: until the target takes over, it refuses
    // writes as well.
    let withdrawn = timeout(WITHDRAWN_WITHIN, session.withdraw(record)).await;
    Link::pause(WITHDRAWN_WITHIN).await;
    let has_taken_over = match target {
        Some(target) => target.is_primary_soon().await,
        None => false,
    };
    let aborted = if has_taken_over {
        Ok(())
    } else {
        source.query(&["FAILOVER", "ABORT"]).await
    };
    if withdrawn.is_err() {
        // What comes next over the connection says if this fails.
        let _ = session.renew().await;
    }
    if has_taken_over {
        return Ok(true);
    }
    let () = aborted?;
    let withdrawn = match withdrawn {
        Ok(Ok(())) => Ok(()),
        _ => session.withdraw(record).await,
    };
    // The source takes writes again, so there is time to wait for a target that is slow.
    let seen = match target {
        Some(target) => target.replication().await.ok(),
        None => None,
    };
    let (source, target) = (source.place.address(), record.target()?.address());
    if seen.is_some_and(|seen| seen.is_primary()) {
        // It took over between the two.
        let text = format!(
            "{source} and {target} both take writes; look at both with INFO replication, and decide \
            which one has the data"
        );
        return Err(Failure::new(Code::MustDecide, text));
    }
    withdrawn?;
    let place = record.target()?;
    let (host, port) = record.listed_at(&place);
    let is_of_config = port == place.port && is_one_of(&names_of(&place.host).await, &host).await;
    let announced = if is_of_config {
        String::new()
    } else {
        format!(
            "; {source} goes to it at {host}:{port}, as it announces itself: if nothing answers there, set \
            `replica-announce-ip` and `replica-announce-port` on {target} to the address of the config, send \
            it CLIENT KILL TYPE master so that it connects again, and go on with `--resume`"
        )
    };
    let text = format!(
        "{target} did not take over in time, and {source} takes writes again; check that it can log in \
        there (`masteruser`, `masterauth`), and that each reaches the other{announced}"
    );
    Err(Failure::new(Code::NotPossible, text))
}

fn nobody_takes_writes(source: &Link, target: &Link) -> Failure {
    let (source, target) = (source.place.address(), target.place.address());
    let text = format!(
        "neither {source} nor {target} takes writes, because each follows the other or a third; look at \
        both with INFO replication, and let the one that has the data be the primary with REPLICAOF NO \
        ONE"
    );
    Failure::new(Code::MustDecide, text)
}
