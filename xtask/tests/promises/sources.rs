//! The tests in the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// `('r', 4)` for R4.
pub(crate) type Promise = (char, u8);

/// For each promise and file, the tests in the order of the file.
pub(crate) type Tests = BTreeMap<(Promise, String), Vec<String>>;

const FOLDERS: [&str; 6] = ["crates", "tests", "src", "examples", "soak", "benches"];

/// Finds the tests of promises below a folder.
pub(crate) fn tests(root: &Path) -> Tests {
    let mut found = Tests::new();
    for folder in FOLDERS {
        look_in(root, folder, &mut found);
    }
    found
}

fn look_in(root: &Path, folder: &str, found: &mut Tests) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            // Built files, and sources that tests of the generator read.
            if name != "target" && name != "golden" {
                look_in(root, &path, found);
            }
        } else if name.ends_with(".rs") {
            for (promise, test) in in_source(&fs::read_to_string(entry.path()).unwrap()) {
                found.entry((promise, path.clone())).or_default().push(test);
            }
        }
    }
}

/// Finds the tests of promises in a source: functions below an attribute that makes them tests.
fn in_source(text: &str) -> Vec<(Promise, String)> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            continue;
        }
        let name = line.strip_prefix("async ").unwrap_or(line);
        let name = name
            .strip_prefix("fn ")
            .and_then(|rest| rest.split_once('('));
        if let Some((name, _)) = name {
            found.extend(promise_of(name).filter(|_| is_test));
        }
        // Attributes have arguments on lines of their own, and comments stand between.
        if name.is_some() || line.is_empty() {
            is_test = false;
        }
    }
    found
}

fn promise_of(name: &str) -> Option<(Promise, String)> {
    let (promise, rest) = name.split_once('_')?;
    let (kind, number) = promise.split_at_checked(1)?;
    let kind = kind.parse().ok().filter(|kind| matches!(kind, 'b' | 'r'))?;
    let number = number.parse().ok()?;
    (!rest.is_empty()).then(|| ((kind, number), name.to_owned()))
}

#[test]
fn tests_are_told_from_other_functions() {
    let source = "
#[test]
fn r4_one() {}

/// Said.
#[tokio::test(
    flavor = \"multi_thread\"
)]
async fn b12_two() {
}

fn r4_helper() {}
#[test]
fn other() {}
fn r5_helper() {}
";
    let expected = [
        (('r', 4), "r4_one".to_owned()),
        (('b', 12), "b12_two".to_owned()),
    ];
    assert_eq!(in_source(source), expected);
}
