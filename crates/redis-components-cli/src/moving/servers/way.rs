//! How a cut is made: by the server itself where it can, and by a fence where it cannot.

use serde::Serialize;

use crate::failure::Failure;
use crate::moving::servers::link::Link;

/// How a cut is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// The source holds writes, and hands over by itself.
    Failover,
    /// The source refuses writes until the target has all of them.
    Fence,
}

impl Way {
    /// Returns the way that the source allows. It asks for a fail-over that no server begins.
    ///
    /// # Errors
    ///
    /// Returns an error if the source does not answer, or cannot for the moment.
    pub(crate) async fn of(source: &Link) -> Result<Self, Failure> {
        match source
            .try_query::<redis::Value>(&["FAILOVER", "TIMEOUT", "0"])
            .await
        {
            Ok(_) => Ok(Self::Failover),
            // A server that refuses the time knows the command, and allows it.
            Err(error) if matches!(error.code(), Some("ERR" | "NOPERM")) => {
                let text = error.to_string().to_lowercase();
                Ok(if text.contains("timeout must") {
                    Self::Failover
                } else {
                    Self::Fence
                })
            }
            // A script that runs, for example, says nothing of the command.
            Err(error) => Err(source.failure(&error)),
        }
    }

    /// Returns the refusals after which a command may go to the candidate of a move.
    pub(crate) fn refuses(self) -> &'static [&'static str] {
        match self {
            Self::Failover => &["READONLY"],
            Self::Fence => &["NOREPLICAS", "READONLY"],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use redis_components_testing::Server;

    use super::Way;
    use crate::moving::servers::link::Place;

    #[tokio::test]
    async fn r15_a_server_that_is_busy_is_no_reason_for_a_fence() {
        let server = Server::start_with(&["--busy-reply-threshold", "1"]);
        let place = Place::of_config("logs", &server.config()).unwrap();
        let link = place.connect().await.unwrap();
        assert_eq!(Way::of(&link).await.unwrap(), Way::Failover);
        let mut other = server.connection();
        let script = thread::spawn(move || {
            let mut endless = redis::cmd("EVAL");
            endless.arg("while true do end").arg(0);
            endless.query::<()>(&mut other)
        });
        while link.try_query::<()>(&["PING"]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let failure = Way::of(&link).await.unwrap_err();
        assert!(failure.message.contains("busy"), "{}", failure.message);
        let () = link.query(&["SCRIPT", "KILL"]).await.unwrap();
        assert!(script.join().unwrap().is_err());
        assert_eq!(Way::of(&link).await.unwrap(), Way::Failover);
    }
}
