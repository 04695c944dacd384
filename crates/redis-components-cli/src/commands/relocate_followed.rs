//! Whether the fleet has followed a move.

use std::time::Duration;

use tokio::time::timeout;

use super::relocate_options::Options;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::fleet::follow::{End, Goal, follow};
use crate::fleet::receipts::Unreadable;
use crate::moving::records::record::Record;
use crate::session::Session;

/// How long the servers wait for processes that do not follow before they settle. Those that are told
/// of a config follow it in milliseconds.
const SETTLES_WITHIN: Duration = Duration::from_secs(2);

/// Waits for the fleet, and then takes the candidates away. A process that does not follow yet goes on
/// by its candidate, which ends by itself.
///
/// The servers settle when all processes follow, so that none waits for the old one. But they do not
/// wait for ever: an old server that starts again before that takes writes.
///
/// Returns why the candidates were not taken away, or that a config was changed meanwhile.
pub(super) async fn settled(
    context: &Context,
    session: &Session,
    options: &Options,
    record: &Record,
    settle: impl Future<Output = ()>,
) -> Option<Failure> {
    let following = followed(context, options, record);
    tokio::pin!(following);
    let soon = timeout(SETTLES_WITHIN, &mut following).await;
    settle.await;
    let failure = match soon {
        Ok(failure) => failure,
        Err(_) => following.await,
    };
    // The wait may have been long. Processes follow what is in force, which somebody may have changed.
    let stands = match session.revive().await {
        Ok(()) => session.is_committed(record).await.map(drop),
        Err(failure) => Err(failure),
    };
    match (stands, failure) {
        (Err(changed), _) if changed.code == Code::MustDecide => Some(changed),
        (_, Some(failure)) | (Err(failure), None) => Some(failure),
        (Ok(()), None) => session.withdraw(record).await.err(),
    }
}

/// Waits for the fleet. Returns why it does not follow, or why that is not known.
async fn followed(context: &Context, options: &Options, record: &Record) -> Option<Failure> {
    let mut failure = None;
    for component in record.components() {
        let goal = Goal {
            command: "move",
            component,
            digest: None,
            timeout: options.timeout,
            ignores_silent: options.ignore_silent,
        };
        context.steps.enter("receipts");
        let ended = follow(context, goal).await;
        let is_told = ended.is_ok();
        if is_told {
            context.steps.leave();
        }
        let stays = match ended {
            Ok(ended) if ended.end == End::Followed => continue,
            Ok(ended) => {
                let standing = &ended.standing;
                let unreadable = match &*standing.unreadable {
                    [] => String::new(),
                    all => format!(", {}", Unreadable::all_shown(all)),
                };
                let (following, expected) = (standing.following, standing.expected);
                format!("{following} of {expected}{unreadable}")
            }
            Err(error) => error.message,
        };
        let text = format!(
            "`{component}` has moved, and not all processes follow: {stays}; look with `fleet`, and go \
            on with `move {component} --resume`"
        );
        let not_followed = Failure::new(Code::NotFollowed, text).of_component(component);
        if !is_told {
            context.steps.failed(&not_followed);
        }
        failure = Some(not_followed);
    }
    failure
}
