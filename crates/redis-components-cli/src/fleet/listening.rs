//! A connection to the config server that hears of changes, and how it is lost.

use std::rc::Rc;
use std::time::Duration;

use redis::{PushInfo, Value};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::names::Names;
use crate::place::Place;
use crate::session::Session;

/// Connects, and asks for pushes of the keys that begin with the prefixes. A config server that does not
/// push is read once a second, and a warning says that of `what`.
///
/// # Errors
///
/// Returns an error if the config server cannot be used.
pub(crate) async fn open(
    place: &Place,
    context: &Context,
    prefixes: impl FnOnce(&Names) -> Vec<String>,
    what: &str,
) -> Result<(Session, UnboundedReceiver<PushInfo>), Failure> {
    let (sender, pushes) = unbounded_channel();
    let stage = Rc::clone(&context.stage);
    let session = Session::open_with_pushes(place.clone(), stage, sender).await?;
    let mut track = redis::cmd("CLIENT");
    track.arg("TRACKING").arg("ON").arg("BCAST");
    for prefix in prefixes(&session.names) {
        track.arg("PREFIX").arg(prefix);
    }
    match session.query::<Value>(&track).await {
        Err(failure) if failure.code == Code::ConfigServerUnreachable => return Err(failure),
        Err(Failure { message, .. }) => {
            warn(&format!("{what} are looked for once a second: {message}"));
        }
        Ok(_) => {}
    }
    Ok((session, pushes))
}

/// Returns the failure of a connection that has ended.
pub(super) fn gone(session: &Session) -> Failure {
    let text = format!("the config server {} closed the connection", session.server);
    Failure::new(Code::ConfigServerUnreachable, text).at(&session.server)
}

/// Returns the failure of a config server that has not answered for this long.
pub(super) fn silent_for(session: &Session, time: Duration) -> Failure {
    let (server, seconds) = (&session.server, time.as_secs_f64());
    let text = format!("the config server {server} has not answered for {seconds:.1} s");
    Failure::new(Code::ConfigServerUnreachable, text).at(server)
}

/// Returns `true` if a config server does not let its user in, which no waiting mends. Others are busy
/// for a while.
pub(super) fn refuses_login(failure: &Failure) -> bool {
    let codes = ["WRONGPASS", "NOAUTH", "NOPERM"];
    failure.code == Code::NoRights || codes.iter().any(|code| failure.message.contains(code))
}
