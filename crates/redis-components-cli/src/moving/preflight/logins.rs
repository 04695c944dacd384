//! Whether the servers may log in at each other.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Code, Failure};
use crate::moving::preflight::findings::Checks;
use crate::moving::records::plan::fields;
use crate::moving::records::record::Record;
use crate::moving::servers::attach::{Login, Replication};
use crate::moving::servers::link::{Link, Place};
use crate::text::printable;

const ADVICE: &str = "give --replication-user and --replication-password of a user with +psync +replconf +ping on \
                      both servers, or mend the one of the config; for a server without a password give its whole \
                      config with --to";

/// Logs in at both servers as the other one will.
pub(crate) async fn logins(
    checks: &mut Checks,
    record: &Record,
    (source, target): (&Link, &Link),
    replication: &Replication,
) {
    let text = |configs: &BTreeMap<String, String>| {
        configs.get(&record.component).cloned().unwrap_or_default()
    };
    let mut found = None;
    for (link, login, config) in [
        (source, &replication.at_source, text(&record.old)),
        (target, &replication.at_target, text(&record.new)),
    ] {
        if found.is_none() {
            found = problem(link, login, &record.component, &config).await;
        }
    }
    checks.refuse("replication login", found, ADVICE);
}

/// Demands before a cut that the source may log in at the target with what it is set to: it becomes its
/// replica.
///
/// # Errors
///
/// Returns an error if it may not.
pub(crate) async fn demand_login_of(
    source: &Link,
    target: &Link,
    record: &Record,
) -> Result<(), Failure> {
    let [user, password] = ["masteruser", "masterauth"].map(|name| source.option(name));
    let is_set = |value: &String| !value.is_empty();
    let login = Login {
        user: user.await.filter(is_set),
        password: password.await.filter(is_set),
    };
    let config = record.new.get(&record.component);
    let config = config.map_or("{}", String::as_str);
    let Some(found) = problem(target, &login, &record.component, config).await else {
        return Ok(());
    };
    let (from, server) = (source.place.address(), target.place.address());
    let text = format!(
        "{from} could not follow {server} after the cut with its `masteruser` and `masterauth`: {found}; \
        nothing has moved; set them on {from} to the login of a user with +psync +replconf +ping on \
        {server}, and give the same command again"
    );
    Err(Failure::new(Code::NotPossible, text).at(&server))
}

/// Returns why a login is not enough, as far as the server tells.
async fn problem(link: &Link, login: &Login, component: &str, config: &str) -> Option<String> {
    let place = Place::of_config(component, &logged_in_as(login, config)).ok()?;
    let peer = match place.connect().await {
        Ok(peer) => peer,
        Err(failure) => return Some(failure.message),
    };
    // A server sends the password of a user without a name in the old way, which one that expects
    // none refuses. Clients need not.
    let mut greetings = Vec::new();
    if let Some(password) = &login.password {
        let words = ["AUTH"].into_iter().chain(user_of(login));
        greetings.push(words.chain([&**password]).collect());
    }
    greetings.push(vec!["REPLCONF", "capa", "eof"]);
    let mut refused = None;
    for words in greetings {
        if refused.is_none() {
            refused = peer.query::<()>(&words).await.err();
        }
    }
    if refused.is_none() {
        refused = may_not_copy(link, &peer, user_of(login).unwrap_or("default")).await;
    }
    // The next look at the server's clients must not find this one.
    let _ = peer.query::<()>(&["QUIT"]).await;
    refused.map(|failure| failure.message)
}

/// Returns why a user may not copy the data, as far as the server tells.
async fn may_not_copy(link: &Link, peer: &Link, user: &str) -> Option<Failure> {
    let asking = ["ACL", "DRYRUN", user, "PSYNC", "?", "-1"];
    match link.try_query::<String>(&asking).await {
        Ok(answer) if answer == "OK" => None,
        Ok(refusal) => {
            let server = link.place.address();
            let text = format!("{server}: {}", printable(&refusal));
            Some(Failure::new(Code::NotPossible, text))
        }
        // From an offset that is no number, a server begins no copy; before version 7 it did.
        Err(error) if error.code() == Some("NOPERM") => {
            let version = link.see().await.ok()?.version;
            if version.first() < Some(&7) {
                return None;
            }
            let error = peer
                .try_query::<redis::Value>(&["PSYNC", "?", "none"])
                .await
                .err()?;
            (error.code() == Some("NOPERM")).then(|| peer.failure(&error))
        }
        Err(_) => None,
    }
}

/// A server uses the name of a user only beside a password.
fn user_of(login: &Login) -> Option<&str> {
    login.user.as_deref().filter(|_| login.password.is_some())
}

/// Returns the config of a server with another login. Replicas need no database.
fn logged_in_as(login: &Login, config: &str) -> String {
    let mut fields = fields(config);
    for (name, value) in [
        ("username", user_of(login)),
        ("password", login.password.as_deref()),
        ("db", None),
        ("client_name", None),
    ] {
        match value {
            Some(value) => fields.insert(name.to_owned(), value.into()),
            None => fields.remove(name),
        };
    }
    Value::Object(fields).to_string()
}
