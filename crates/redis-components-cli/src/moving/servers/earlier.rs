//! Connections of commands that came before. One that has stood still may send what it was about to
//! send long after its lease has ended, and no server asks for a lease. So the next command that acts on
//! a server closes the connections of those before it, and what they still send arrives nowhere.

use crate::clients::{Client, OF_MOVES};
use crate::failure::{Code, Failure};
use crate::moving::servers::link::{Link, Place};

tokio::task_local! {
    /// The lease under which this task acts.
    static LEASE: Under;
}

struct Under {
    /// The name of connections.
    name: String,
    is_held: Box<dyn Fn() -> bool>,
}

/// Does some work under a lease, which is held as long as `is_held` says.
pub(crate) async fn under<T>(
    lease: &str,
    is_held: impl Fn() -> bool + 'static,
    work: impl Future<Output = T>,
) -> T {
    let lease = Under {
        name: format!("{OF_MOVES}{lease}"),
        is_held: Box::new(is_held),
    };
    LEASE.scope(lease, work).await
}

/// Connects to a server of a move, and logs in. If this task holds a lease, the connection bears its name,
/// and those that bear the name of another one are closed, unless the lease was lost meanwhile.
///
/// # Errors
///
/// As [`Place::connect`].
pub(crate) async fn connect(place: &Place) -> Result<Link, Failure> {
    let link = place.connect().await?;
    let Ok(name) = LEASE.try_with(|lease| lease.name.clone()) else {
        return Ok(link);
    };
    let named = link.query::<()>(&["CLIENT", "SETNAME", &name]).await;
    // Who has lost the lease must leave the connections of its holder alone. Otherwise a server that
    // forbids a part of this can be moved nevertheless.
    if !named.is_err_and(|failure| failure.code == Code::ServerUnreachable)
        && LEASE.with(|lease| (lease.is_held)())
    {
        close_named(&link, |other| other.starts_with(OF_MOVES) && other != name).await;
    }
    Ok(link)
}

/// Closes the connections of this task's lease to a server that did not answer: what the network holds
/// back of them must not be done after the lease was given back.
pub(crate) async fn close(place: &Place) {
    let Ok(name) = LEASE.try_with(|lease| lease.name.clone()) else {
        return;
    };
    if let Ok(link) = place.connect().await {
        close_named(&link, |other| other == name).await;
    }
}

async fn close_named(link: &Link, is_meant: impl Fn(&str) -> bool) {
    let list = link.query::<String>(&["CLIENT", "LIST"]).await;
    for client in Client::parse_all(&list.unwrap_or_default()) {
        if let (Some(id), Some(name)) = (client.id, &client.name)
            && is_meant(name)
        {
            let _ = link
                .query::<u64>(&["CLIENT", "KILL", "ID", &id.to_string()])
                .await;
        }
    }
}
