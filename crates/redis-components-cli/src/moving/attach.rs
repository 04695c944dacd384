//! The target becomes a replica of the source.

use super::link::Link;
use crate::failure::Failure;

/// The logins with which the servers replicate each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replication {
    pub(crate) at_source: Login,
    pub(crate) at_target: Login,
}

/// A login at one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

/// Lets the target copy the source, and each of them log in at the other.
///
/// # Errors
///
/// Returns an error if a server refuses.
pub(crate) async fn attach(
    source: &Link,
    target: &Link,
    replication: &Replication,
) -> Result<(), Failure> {
    for (link, login) in [
        (target, &replication.at_source),
        (source, &replication.at_target),
    ] {
        // What is left of another login would be refused.
        let user = login.user.as_deref().filter(|_| login.password.is_some());
        let password = login.password.as_deref().unwrap_or_default();
        for (name, value) in [
            ("masteruser", user.unwrap_or_default()),
            ("masterauth", password),
        ] {
            let () = link.query(&["CONFIG", "SET", name, value]).await?;
        }
    }
    let port = source.place.port.to_string();
    target
        .query(&["REPLICAOF", &source.place.host, &port])
        .await
}

/// Lets a server stand alone.
///
/// # Errors
///
/// Returns an error if it refuses.
pub(crate) async fn detach(server: &Link) -> Result<(), Failure> {
    server.query(&["REPLICAOF", "NO", "ONE"]).await
}
