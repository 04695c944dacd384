//! What is to be copied: the configs before and after.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::side::{elsewhere, is_cluster, read};
use crate::failure::{Code, Failure};
use crate::moving::preflight::options::database;
use crate::moving::records::plan::{Given, given, written};
use crate::moving::records::record::Record;
use crate::session::Session;
use crate::subject::{invalid, utf8};

/// Returns the move that the options ask for.
///
/// # Errors
///
/// Returns an error if a component is elsewhere, or the new servers are not understood.
pub(crate) async fn plan(
    session: &Session,
    component: &str,
    with: &[String],
    to: &str,
) -> Result<Record, Failure> {
    let mut old = BTreeMap::new();
    for component in with.iter().map(String::as_str).chain([component]) {
        session.demand_no_canary(component).await?;
        let text = utf8(session.config_of(component).await?, component)?;
        if let Some(failure) = invalid(component, &text) {
            return Err(failure.of_component(component));
        }
        old.insert(component.to_owned(), text);
    }
    let there = match given(component, to).await? {
        Given::Whole(text) => text,
        Given::Address(host, port) => at_address(&old[component], &host, port),
    };
    let (address, db) = (
        read(component, &old[component])?.address(),
        database(&old[component]),
    );
    let mut new = BTreeMap::new();
    for (one, text) in &old {
        let found = (read(one, text)?.address(), database(text));
        if found != (address.clone(), db.clone()) {
            let text = format!(
                "`{one}` is in database {} of {}, and `{component}` in database {db} of {address}; one \
                database is copied at a time",
                found.1, found.0
            );
            return Err(Failure::new(Code::NotPossible, text).of_component(one));
        }
        let text = if one == component {
            there.clone()
        } else {
            elsewhere(text, &there)
        };
        if let Some(failure) = invalid(one, &text) {
            return Err(failure.of_component(one));
        }
        new.insert(one.clone(), text);
    }
    Ok(Record::new(component, old, new))
}

/// Returns a config with a single server in the place of what it names.
fn at_address(text: &str, host: &str, port: u16) -> String {
    let mut moved = written(text);
    let db = moved.get("db").filter(|_| !is_cluster(text)).cloned();
    moved.retain(|name, _| name.starts_with("ssl"));
    moved.insert("host".to_owned(), json!(host));
    moved.insert("port".to_owned(), json!(port));
    moved.extend(db.map(|db| ("db".to_owned(), db)));
    elsewhere(text, &Value::Object(moved).to_string())
}
