//! docs/promises.md lists every test that has the number of a promise in its name, under that
//! promise.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod page;
mod sources;

use std::path::Path;
use std::{env, fs};

#[test]
fn every_test_of_a_promise_is_listed_under_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = sources::tests(&root);
    assert!(found.values().flatten().count() > 500, "{found:#?}");
    let place = root.join("docs/promises.md");
    let text = fs::read_to_string(&place).unwrap();
    let listed = page::with_lists(&text, &found);
    if env::var_os("UPDATE_EXPECT").is_some() {
        return fs::write(&place, listed).unwrap();
    }
    let mut lines = text.lines().zip(listed.lines());
    let first = lines.position(|(one, other)| one != other);
    assert!(
        text == listed,
        "docs/promises.md:{} does not list the tests that there are; write the lists with `UPDATE_EXPECT=1 cargo \
         test -p xtask --test promises`",
        first.map_or(text.lines().count(), |line| line + 1)
    );
}
