//! The crates' files import downwards only: the table of floors in ARCHITECTURE.md against the
//! sources.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod arrows;
mod circles;
mod paths;
mod rules;
mod source;
mod table;

use std::fs;
use std::path::Path;

use crate::source::Tree;
use crate::table::Table;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(crate_folder: &str) -> Tree {
    let src = root().join(crate_folder).join("src");
    Tree::read(&src).unwrap_or_else(|error| panic!("{crate_folder}: {error}"))
}

#[track_caller]
fn assert_none(errors: &[String]) {
    assert!(
        errors.is_empty(),
        "{} errors:\n{}",
        errors.len(),
        errors.join("\n")
    );
}

#[track_caller]
fn keeps_its_floors(crate_folder: &str, heading: &str) {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = Table::read(&page, heading).unwrap_or_else(|error| panic!("{error}"));
    assert_none(&rules::check(&read(crate_folder), &table));
}

#[test]
fn the_runtime_imports_downwards() {
    keeps_its_floors("crates/redis-components", "### Floors of the runtime");
}

#[test]
fn the_generator_imports_downwards() {
    keeps_its_floors(
        "crates/redis-components-build",
        "### Floors of the generator",
    );
}

#[test]
fn the_other_crates_have_no_circles() {
    let mut errors = Vec::new();
    for crate_folder in [
        "crates/redis-components-cli",
        "crates/redis-components-testing",
        "soak",
        "xtask",
        "benches/generator",
        "benches/peers",
    ] {
        let found = rules::check_circles(&read(crate_folder)).into_iter();
        errors.extend(found.map(|error| format!("{crate_folder}/src: {error}")));
    }
    assert_none(&errors);
}
