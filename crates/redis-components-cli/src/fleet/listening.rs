//! A connection to the config server that hears of receipts, and how it is lost.

use std::rc::Rc;
use std::time::Duration;

use redis::{PushInfo, Value};
use redis_components::receipts::KEY_PREFIX;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::lines::warn;
use crate::place::Place;
use crate::session::Session;

/// Connects, and asks for pushes of receipts.
///
/// # Errors
///
/// Returns an error if the config server cannot be used.
pub(super) async fn open(
    place: &Place,
    context: &Context,
) -> Result<(Session, UnboundedReceiver<PushInfo>), Failure> {
    let (sender, pushes) = unbounded_channel();
    let stage = Rc::clone(&context.stage);
    let session = Session::open_with_pushes(place.clone(), stage, sender).await?;
    let mut track = redis::cmd("CLIENT");
    track
        .arg("TRACKING")
        .arg("ON")
        .arg("BCAST")
        .arg("PREFIX")
        .arg(KEY_PREFIX);
    match session.query::<Value>(&track).await {
        Err(failure) if failure.code == Code::ConfigServerUnreachable => Err(failure),
        Err(failure) => {
            let reason = failure.message;
            warn(&format!("receipts are looked for once a second: {reason}"));
            Ok((session, pushes))
        }
        Ok(_) => Ok((session, pushes)),
    }
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
