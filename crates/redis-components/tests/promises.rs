//! docs/reliability.md names tests by promise: each of them exists where it says.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// The names of tests in a line: what stands in backticks and begins with the number of a promise.
fn tests_in(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let quoted = quoted.map(|text| text.rsplit("::").next().unwrap_or(text));
    quoted.filter(|text| is_a_test(text)).collect()
}

fn is_a_test(text: &str) -> bool {
    let Some((promise, rest)) = text.split_once('_') else {
        return false;
    };
    let numbered = promise.strip_prefix(['b', 'r']);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    numbered.is_some_and(|number| number.parse::<u8>().is_ok()) && rest.chars().all(is_word)
}

/// The file that a line links, from the folder of the document.
fn file_in(line: &str) -> Option<&str> {
    let links = line.split("](").skip(1);
    let mut links = links.filter_map(|rest| rest.split(')').next());
    links.find(|link| link.ends_with(".rs"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_test_that_the_reliability_page_names_exists() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("reliability.md")).unwrap();
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"),
        &mut files,
    );
    let defines = |file: &Path, test: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.contains(&format!("fn {test}("))
    };
    let (mut named, mut missing) = (0, Vec::new());
    for (number, line) in (1..).zip(page.lines()) {
        for test in tests_in(line) {
            named += 1;
            let is_there = match file_in(line) {
                Some(file) => defines(&docs.join(file), test),
                None => files.iter().any(|file| defines(file, test)),
            };
            if !is_there {
                missing.push(format!("docs/reliability.md:{number}: `{test}`"));
            }
        }
    }
    assert!(missing.is_empty(), "no such test:\n{}", missing.join("\n"));
    assert!(named > 100, "the page names {named} tests only");
}
