//! Connections of commands that came before. One that has stood still may send what it was about to
//! send long after its lease has ended, and no server asks for a lease. So the next command that acts on
//! a server closes the connections of those before it, and what they still send arrives nowhere.

use crate::failure::Failure;
use crate::moving::servers::link::{Link, Place};

/// How the names of connections begin over which a command acts on a server. The lease follows.
const PREFIX: &str = "redis-components:move:";

tokio::task_local! {
    /// The lease under which this task acts.
    static LEASE: String;
}

/// Does some work under a lease.
pub(crate) async fn under<T>(lease: &str, work: impl Future<Output = T>) -> T {
    LEASE.scope(lease.to_owned(), work).await
}

/// Connects to a server of a move, and logs in. If this task holds a lease, the connection bears its name,
/// and those that bear the name of another one are closed.
///
/// # Errors
///
/// As [`Place::connect`].
pub(crate) async fn connect(place: &Place) -> Result<Link, Failure> {
    let link = place.connect().await?;
    if let Ok(name) = LEASE.try_with(|lease| format!("{PREFIX}{lease}")) {
        displace(&link, &name).await;
    }
    Ok(link)
}

/// Does what the server allows: one that forbids a part of it can be moved nevertheless.
async fn displace(link: &Link, name: &str) {
    let _ = link.query::<()>(&["CLIENT", "SETNAME", name]).await;
    let list = link.query::<String>(&["CLIENT", "LIST"]).await;
    for id in others(&list.unwrap_or_default(), name) {
        let _ = link.query::<u64>(&["CLIENT", "KILL", "ID", id]).await;
    }
}

/// Returns the numbers of the connections that bear the name of another lease.
fn others<'a>(list: &'a str, name: &str) -> Vec<&'a str> {
    let field = |line: &'a str, field: &str| {
        let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
        fields
            .find(|(name, _)| *name == field)
            .map(|(_, value)| value)
    };
    list.lines()
        .filter(|line| {
            field(line, "name").is_some_and(|other| other.starts_with(PREFIX) && other != name)
        })
        .filter_map(|line| field(line, "id"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::others;

    #[test]
    fn the_connections_of_other_leases_are_found() {
        let list = "id=7 addr=127.0.0.1:1 name=redis-components:move:aa age=3\n\
            id=8 addr=127.0.0.1:2 name=redis-components:move:bb age=3\n\
            id=9 addr=127.0.0.1:3 name=app:logs:host-1-0001 age=3\nid=10 addr=127.0.0.1:4 name= age=3\n";
        assert_eq!(others(list, "redis-components:move:aa"), ["8"]);
    }
}
