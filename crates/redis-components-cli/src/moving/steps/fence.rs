//! The fence of a server without `FAILOVER`: it refuses writes until the target has all of them.
//!
//! `min-replicas-to-write` lets it refuse them at once, so that the target comes to its end. Scripts
//! pass it before Redis 7, and therefore the source is made a replica of nobody next: then it refuses
//! scripts too, and its offset is the last one. The target takes over when it has that.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::failure::{Code, Failure};
use crate::moving::records::lease::Lease;
use crate::moving::records::record::Record;
use crate::moving::servers::fence::{CLOSED, NOWHERE, OPTION};
use crate::moving::servers::link::Link;
use crate::moving::servers::replication::Replica;
use crate::moving::standing::closed::{follow, reopen};
use crate::moving::standing::sight::Sight;
use crate::session::Session;

/// How long writes are refused before the source goes on as before. It is less than the time within
/// which calls expect an answer.
const HOLDS: Duration = Duration::from_millis(300);
/// The same for what a script wrote behind the fence.
const CATCHES_UP: Duration = Duration::from_millis(50);
/// How long the target has for its last answer.
const AT_LEAST: Duration = Duration::from_micros(500);
/// How long the config server may take for a note meanwhile.
const NOTED_WITHIN: Duration = Duration::from_millis(150);
const TRIES: u32 = 5;
/// How long a replica may take to connect to its source again.
const COMES_BACK: Duration = Duration::from_secs(3);
/// How long the source goes on as before between two tries.
const BETWEEN: Duration = Duration::from_millis(100);

/// Lets the target take over. Returns how long writes were refused, and whether the source follows;
/// nothing if the target has lost its link to the source, which takes writes as before.
///
/// # Errors
///
/// Returns an error if it does not. Then the source takes writes as before, unless the error says
/// otherwise. If the target may have taken over, the code is that of an unknown outcome.
pub(crate) async fn cut(
    session: &Session,
    record: &mut Record,
    sight: &Sight,
    lease: &Lease,
) -> Result<Option<(Duration, Result<(), Failure>)>, Failure> {
    let (source, target) = sight.links()?;
    for _ in 0..TRIES {
        lease.demand()?;
        let Some(at) = online(sight, source).await? else {
            return Ok(None);
        };
        lease.demand()?;
        let begun = Instant::now();
        match hand_over(session, record, (source, target), lease).await {
            Ok(true) => {
                let held = begun.elapsed();
                // Otherwise another command may have decided about the source meanwhile.
                lease.demand()?;
                let followed = follow(source, &at.host, at.port).await.map_err(|failure| {
                    let target = target.place.address();
                    let text = format!(
                        "{target} takes writes, and the old server does not follow it yet: {}; go on \
                        with `--resume`",
                        failure.message
                    );
                    Failure::new(Code::OutcomeUnknown, text)
                });
                return Ok(Some((held, followed)));
            }
            Ok(false) => {
                demand(lease)?;
                reopen(source, record).await?;
            }
            Err(failure) if failure.code == Code::OutcomeUnknown => return Err(failure),
            Err(failure) => {
                demand(lease)?;
                reopen(source, record).await?;
                return Err(failure);
            }
        }
        Link::pause(BETWEEN).await;
    }
    let text = format!(
        "{} does not get all writes of {} within {} ms; nothing has moved; try again with `--resume` \
        when there is less load",
        target.place.address(),
        source.place.address(),
        HOLDS.as_millis()
    );
    Err(Failure::new(Code::NotReady, text))
}

/// Returns the target among the replicas of the source, if it is there. A source that took writes again
/// has closed its replicas' connections, and they come back in a while.
async fn online(sight: &Sight, source: &Link) -> Result<Option<Replica>, Failure> {
    let until = Instant::now() + COMES_BACK;
    loop {
        let replicas = source.replication().await?.replicas;
        let at = sight.target.among(&replicas).await.cloned();
        if at.is_some() || Instant::now() > until {
            return Ok(at);
        }
        Link::pause(BETWEEN).await;
    }
}

/// Returns `true` if the target has taken over, and `false` if it does not get all writes in time.
async fn hand_over(
    session: &Session,
    record: &mut Record,
    (source, target): (&Link, &Link),
    lease: &Lease,
) -> Result<bool, Failure> {
    let () = source.query(&["CONFIG", "SET", OPTION, CLOSED]).await?;
    if !has_all(source, target, HOLDS).await? {
        return Ok(false);
    }
    demand(lease)?;
    let () = source.query(&["REPLICAOF", NOWHERE.0, NOWHERE.1]).await?;
    if !has_all(source, target, CATCHES_UP).await? {
        return Ok(false);
    }
    take_over(session, record, (source, target), lease).await
}

/// Notes where the source stands, which has stepped down, and lets the target take writes, which has all.
///
/// # Errors
///
/// As [`promote`], and returns an error if the note is not taken in time. Then nothing has moved.
pub(crate) async fn take_over(
    session: &Session,
    record: &mut Record,
    (source, target): (&Link, &Link),
    lease: &Lease,
) -> Result<bool, Failure> {
    demand(lease)?;
    let stands = source.replication().await?;
    let noting = timeout(NOTED_WITHIN, session.note_end(record, &stands));
    let why = match noting.await {
        Ok(Ok(())) => None,
        // Another command has decided otherwise.
        Ok(Err(failure)) if failure.code == Code::WrongState => return Err(failure),
        Ok(Err(failure)) => Some(failure.message),
        Err(_) => Some("it does not answer".to_owned()),
    };
    if let Some(why) = why {
        let text = format!(
            "the config server does not take the note without which nobody would know later if {} has all: \
            {why}; nothing has moved; go on with `--resume`",
            target.place.address()
        );
        return Err(Failure::new(Code::NotReady, text).at(&session.server));
    }
    demand(lease)?;
    promote(target).await
}

/// As [`Lease::demand`], and says that the source refuses writes.
pub(crate) fn demand(lease: &Lease) -> Result<(), Failure> {
    lease.demand().map_err(|mut failure| {
        let stays = "; until then the old server may refuse writes";
        failure.message.push_str(stays);
        failure
    })
}

/// Lets the target take writes, which has all.
///
/// # Errors
///
/// Returns an error if it refuses, and one with the code of an unknown outcome if it may do it.
pub(crate) async fn promote(target: &Link) -> Result<bool, Failure> {
    let Err(failure) = target.query::<()>(&["REPLICAOF", "NO", "ONE"]).await else {
        return Ok(true);
    };
    // What is asked after it over the same connection is answered after it.
    match target.see().await {
        Ok(seen) if seen.is_primary() => Ok(true),
        Ok(_) => Err(failure),
        Err(_) => {
            let text = format!(
                "it is unknown if {} takes writes: {}; the old server refuses them until you go on with \
                `--resume`",
                target.place.address(),
                failure.message
            );
            Err(Failure::new(Code::OutcomeUnknown, text).at(&target.place.address()))
        }
    }
}

/// Waits until the target has all that the source has. Returns `false` if it does not in time.
pub(crate) async fn has_all(
    source: &Link,
    target: &Link,
    within: Duration,
) -> Result<bool, Failure> {
    let until = Instant::now() + within;
    loop {
        let there = source.replication().await?;
        let left = until.saturating_duration_since(Instant::now());
        // A target that stands still must not keep writes from the source.
        let here = timeout(left.max(AT_LEAST), target.replication()).await;
        if let Ok(here) = here
            && here?.has_all_of(&there)
        {
            return Ok(true);
        }
        if left.is_zero() {
            return Ok(false);
        }
    }
}
