//! The starter, and the section of the README that shows it.

use std::{env, fs};

use crate::blocks::{Block, blocks};
use crate::reader;
use crate::root;

const SECTION: &str = "## Use it";
const FOLDER: &str = "examples/starter";
const FILES: [&str; 5] = [
    "Cargo.toml",
    "build.rs",
    "components.toml",
    "src/functions/logs.rs",
    "src/main.rs",
];

fn file(name: &str) -> String {
    fs::read_to_string(root().join(FOLDER).join(name)).unwrap()
}

/// Returns the README with the starter's files in the section's blocks.
fn with_files(readme: &str) -> String {
    let mut written = readme.to_owned();
    let (lines, _) = reader::section(readme, SECTION);
    for (_, block) in blocks(readme, &lines) {
        if let Block::File { name, text } = block {
            let shown = format!("{name}\n{text}```\n");
            assert!(readme.contains(&shown), "{shown}");
            written = written.replace(&shown, &format!("{name}\n{}```\n", file(&name)));
        }
    }
    written
}

#[test]
fn the_readme_shows_the_files_of_the_starter() {
    let place = root().join("README.md");
    let readme = fs::read_to_string(&place).unwrap();
    let (_, section) = reader::section(&readme, SECTION);
    for name in FILES {
        assert!(section.contains(&format!(" {name}\n")), "no {name}");
    }
    let written = with_files(&readme);
    if env::var_os("UPDATE_EXPECT").is_some() {
        return fs::write(place, written).unwrap();
    }
    assert!(
        readme == written,
        "README.md does not show the files of {FOLDER}; write them with `UPDATE_EXPECT=1 cargo test -p xtask --test pages`"
    );
}

/// `cargo generate` takes this file in the place of `Cargo.toml`.
#[test]
fn the_template_differs_by_the_name_of_the_package() {
    let (name, placeholder) = ("name = \"starter\"\n", "name = \"{{project-name}}\"\n");
    let manifest = file("Cargo.toml");
    assert!(manifest.contains(name), "{manifest}");
    let expected = manifest.replace(name, placeholder);
    let template = format!("{FOLDER}/Cargo.toml.liquid");
    if env::var_os("UPDATE_EXPECT").is_some() {
        return fs::write(root().join(template), expected).unwrap();
    }
    assert_eq!(
        file("Cargo.toml.liquid"),
        expected,
        "{template}: UPDATE_EXPECT=1 writes it"
    );
}

#[test]
fn the_starter_is_copied_built_and_moved() {
    reader::read("examples/starter/README.md", None);
    // The same package: one after the other, they are compiled once.
    reader::read("README.md", Some(SECTION));
}
