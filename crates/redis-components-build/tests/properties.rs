//! Whatever a manifest or a source says, the generator ends, and its text is Rust with the items that
//! are expected. `PROPTEST_CASES` sets how many cases are tried.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use redis_components_build::Config;
use syn::Item;

/// Text that means something to the parsers, for mutations to be more than noise.
const FRAGMENTS: [&str; 40] = [
    "\"",
    "'",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "\\",
    "\0",
    "\n",
    "\r",
    "\u{feff}",
    "\u{202e}",
    "/*",
    "*/",
    "//",
    "#!",
    "r#\"",
    "'a",
    "&mut ",
    "fn ",
    "async ",
    "pub ",
    "use super::*;",
    "impl Fn(&str) -> ",
    "dyn ",
    "-> ",
    "::",
    "= ",
    "..",
    "#[cfg(x)] ",
    "macro_rules! m { () => {} }",
    "mod m { ",
    "connection",
    "1s",
    "self",
    "type X<'a> = ",
];

/// One change of a text.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, Index),
    Remove(Index, Index),
    Copy(Index, Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), index()).prop_map(|(at, what)| Change::Insert(at, what)),
        (index(), index()).prop_map(|(at, length)| Change::Remove(at, length)),
        (index(), index(), index()).prop_map(|(from, length, to)| Change::Copy(from, length, to)),
    ]
}

fn apply(text: &str, changes: &[Change]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for change in changes {
        let length = characters.len() + 1;
        match change {
            Change::Insert(at, what) => {
                let at = at.index(length);
                let fragment = FRAGMENTS[what.index(FRAGMENTS.len())];
                characters.splice(at..at, fragment.chars());
            }
            Change::Remove(at, count) => {
                let at = at.index(length);
                let end = (at + count.index(12)).min(characters.len());
                characters.drain(at..end);
            }
            Change::Copy(from, count, to) => {
                let from = from.index(length);
                let end = (from + count.index(40)).min(characters.len());
                let copied: Vec<char> = characters[from..end].to_vec();
                let to = to.index(length);
                characters.splice(to..to, copied);
            }
        }
    }
    characters.into_iter().collect()
}

/// Generates from a manifest and a source, and checks what comes out.
fn check(manifest: &str, path: &Path, source: &str) {
    let package = tempfile::tempdir().unwrap();
    let source_path = package.path().join(path);
    fs::create_dir_all(source_path.parent().unwrap()).unwrap();
    fs::write(&source_path, source).unwrap();
    let manifest_path = package.path().join("components.toml");
    fs::write(&manifest_path, manifest).unwrap();
    let Ok(output) = Config::new().generate(&manifest_path) else {
        return;
    };
    let file = syn::parse_file(output.source())
        .unwrap_or_else(|error| panic!("{error}:\n{}", output.source()));
    let kinds: Vec<&str> = file.items.iter().map(kind).collect();
    let (fixed, modules) = kinds.split_at(4);
    assert_eq!(fixed, ["const", "static", "fn", "fn"]);
    assert!(modules.iter().all(|kind| *kind == "mod"), "{kinds:?}");
    for item in &file.items {
        if let Item::Mod(module) = item {
            let (_, items) = module.content.as_ref().unwrap();
            let allowed = ["use", "type", "static", "fn"];
            assert!(
                items.iter().all(|item| allowed.contains(&kind(item))),
                "{}",
                output.source()
            );
            assert_eq!(
                items.iter().filter(|item| kind(item) == "static").count(),
                1
            );
        }
    }
}

fn kind(item: &Item) -> &'static str {
    match item {
        Item::Const(_) => "const",
        Item::Fn(_) => "fn",
        Item::Mod(_) => "mod",
        Item::Static(_) => "static",
        Item::Type(_) => "type",
        Item::Use(_) => "use",
        _ => "another",
    }
}

/// The manifests of the cases, with one of their sources each.
fn seeds() -> Vec<(String, PathBuf, String)> {
    let mut seeds = Vec::new();
    for case in support::cases("golden")
        .into_iter()
        .chain(support::cases("diagnostics"))
    {
        let Ok(manifest) = fs::read_to_string(case.join("components.toml")) else {
            continue;
        };
        let functions = case.join("src/functions");
        let Ok(entries) = fs::read_dir(&functions) else {
            continue;
        };
        for path in entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
        {
            let source = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(&case).unwrap().to_owned();
            seeds.push((manifest.clone(), path, source));
        }
    }
    seeds.sort();
    seeds
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn mutated_sources_and_manifests_give_rust_or_a_report(
        seed in any::<Index>(),
        in_manifest in prop::collection::vec(change(), 0..3),
        in_source in prop::collection::vec(change(), 0..6),
    ) {
        let seeds = seeds();
        let (manifest, path, source) = &seeds[seed.index(seeds.len())];
        check(&apply(manifest, &in_manifest), path, &apply(source, &in_source));
    }

    #[test]
    fn any_text_gives_rust_or_a_report(manifest in ".*", source in ".*", name in "[a-z]{1,3}|.{1,8}") {
        check(&manifest, Path::new("src/functions/logs.rs"), &source);
        let manifest = format!("[components.logs]\nfunctions = [{name:?}]\ndoc = {manifest:?}\n");
        let source = format!("/// {source}\npub fn {name}(c: C, {source}) {{ {source} }}");
        check(&manifest, Path::new("src/functions/logs.rs"), &source);
    }
}

fn cases() -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(256)
}
