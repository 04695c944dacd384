//! Whether the fleet has followed a move.

use super::relocate_options::Options;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::fleet::follow::{End, Goal, follow};
use crate::fleet::receipts::Unreadable;
use crate::moving::record::Record;
use crate::session::Session;

/// Waits for the fleet, and then takes the candidates away. A process that does not follow yet goes on
/// by its candidate, which ends by itself.
///
/// Returns why that was not done.
pub(super) async fn settled(
    context: &Context,
    session: &Session,
    options: &Options,
    record: &Record,
) -> Option<Failure> {
    if let Some(failure) = followed(context, options, record).await {
        return Some(failure);
    }
    // The wait may have been long.
    match session.revive().await {
        Ok(()) => session.withdraw(record).await.err(),
        Err(failure) => Some(failure),
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
        let stays = match follow(context, goal).await {
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
        failure = Some(Failure::new(Code::NotFollowed, text).of_component(component));
    }
    failure
}
