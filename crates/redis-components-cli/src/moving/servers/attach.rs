//! The target becomes a replica of the source.

use crate::failure::Failure;
use crate::moving::servers::link::{Link, Place};

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
    for (is_at_target, words) in commands(&source.place, replication) {
        let link = if is_at_target { target } else { source };
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let () = link.query(&words).await?;
    }
    Ok(())
}

/// Returns what lets the target copy the source, and whether each is for the target.
pub(crate) fn commands(source: &Place, replication: &Replication) -> Vec<(bool, Vec<String>)> {
    let mut all = Vec::new();
    for (is_at_target, login) in [
        (true, &replication.at_source),
        (false, &replication.at_target),
    ] {
        // What is left of another login would be refused.
        let user = login.user.as_deref().filter(|_| login.password.is_some());
        let password = login.password.as_deref().unwrap_or_default();
        for (name, value) in [
            ("masteruser", user.unwrap_or_default()),
            ("masterauth", password),
        ] {
            let words = ["CONFIG", "SET", name, value].map(str::to_owned);
            all.push((is_at_target, words.to_vec()));
        }
    }
    let words = ["REPLICAOF", &source.host, &source.port.to_string()].map(str::to_owned);
    all.push((true, words.to_vec()));
    all
}

/// Lets a server stand alone.
///
/// # Errors
///
/// Returns an error if it refuses.
pub(crate) async fn detach(server: &Link) -> Result<(), Failure> {
    server.query(&["REPLICAOF", "NO", "ONE"]).await
}
