//! Servers that remember their roles: `CONFIG REWRITE`.
//!
//! A server stands still while it writes its config file, on a busy disk for seconds. So each server
//! writes it while no calls wait for it: the new one before the move begins, the old one when
//! processes have left it.

use serde_json::json;
use tokio::time::{Duration, Instant};

use crate::failure::Failure;
use crate::lines::warn;
use crate::moving::records::record::Record;
use crate::moving::servers::link::Link;
use crate::moving::standing::sight::{End, Sight};
use crate::steps::Steps;

/// How long a server that is in use may stand still. It is as long as a cut may hold writes, and less
/// than the time within which calls expect an answer.
const STANDS_STILL: Duration = Duration::from_millis(300);

/// Lets a server that nobody uses yet write its config file. Returns for how many milliseconds it
/// stood still.
pub(crate) async fn time(target: &Link) -> u64 {
    let begun = Instant::now();
    // One that does not answer in time is slow. One that refuses says so when the move is settled.
    let _ = target.query::<redis::Value>(&["CONFIG", "REWRITE"]).await;
    let stood_still = begun.elapsed();
    if stood_still > STANDS_STILL {
        warn(&format!(
            "CONFIG REWRITE took {} ms at {}, and will be left out there: it would hold up calls",
            stood_still.as_millis(),
            target.place.address()
        ));
    }
    u64::try_from(stood_still.as_millis()).unwrap_or(u64::MAX)
}

/// Returns why the target of a move is not to write its config file while it is in use, if so.
pub(crate) fn spared(record: &Record) -> Option<String> {
    match record.rewrite_ms {
        Some(time) if Duration::from_millis(time) <= STANDS_STILL => None,
        Some(time) => Some(format!(
            "CONFIG REWRITE took {time} ms there while nobody used it"
        )),
        None => {
            Some("nobody knows how long CONFIG REWRITE takes there, as it was in use".to_owned())
        }
    }
}

/// Lets both servers remember their roles, as far as that holds up no calls.
pub(crate) async fn settle(sight: &Sight, record: &Record, steps: &Steps) {
    steps.begin("settle", &json!({}));
    let mut forgetful = Vec::new();
    for (end, spared) in [(&sight.source, None), (&sight.target, spared(record))] {
        let Some(why) = forgets(end, spared).await else {
            continue;
        };
        let server = end.place.address();
        warn(&format!("{server} does not remember its role: {why}"));
        forgetful.push(server);
    }
    steps.done(&json!({"forgetful": forgetful}));
}

/// Returns why a server does not remember its role, if it does not.
async fn forgets(end: &End, spared: Option<String>) -> Option<String> {
    let link = end.link.as_ref()?;
    if let Some(why) = spared {
        return Some(format!(
            "{why}, and it may hold up calls; give it when calls can wait, and do not start the server \
            again before"
        ));
    }
    let failure: Failure = link.query::<()>(&["CONFIG", "REWRITE"]).await.err()?;
    Some(format!(
        "{}; do not start it again before the move is finished",
        failure.message
    ))
}
