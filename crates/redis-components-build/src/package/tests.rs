use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Package;
use crate::files::Directory;

/// Files that cargo finds, and files that it finds only if a target has their name.
const FILES: [&str; 10] = [
    "src/lib.rs",
    "src/main.rs",
    "src/other.rs",
    "src/bin/one.rs",
    "src/bin/two/main.rs",
    "src/bin/two/part.rs",
    "examples/show.rs",
    "tests/all.rs",
    "tests/more/main.rs",
    "benches/speed.rs",
];

/// Returns the targets as cargo sees them: their kinds with their files.
fn of_cargo(package: &Path) -> Vec<(bool, String)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(package)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let targets = metadata["packages"][0]["targets"].as_array().unwrap();
    let root = package.canonicalize().unwrap();
    let mut targets: Vec<(bool, String)> = targets
        .iter()
        .map(|target| {
            let file = Path::new(target["src_path"].as_str().unwrap());
            let file = file.canonicalize().unwrap();
            let file = file.strip_prefix(&root).unwrap().display().to_string();
            (target["kind"][0] == "lib", file)
        })
        .collect();
    targets.sort();
    targets.dedup();
    targets
}

#[test]
fn b1_targets_are_those_of_cargo() {
    for (settings, targets) in [
        ("", ""),
        ("autolib = false", ""),
        ("autolib = false", "[lib]\nname = \"named\""),
        ("autolib = false", "[lib]\npath = \"src/other.rs\""),
        ("", "[lib]\npath = \"src/other.rs\""),
        ("autobins = false", ""),
        ("autobins = false", "[[bin]]\nname = \"facts\""),
        (
            "autobins = false",
            "[[bin]]\nname = \"two\"\n[[bin]]\nname = \"x\"\npath = \"src/other.rs\"",
        ),
        ("", "[[bin]]\nname = \"two\"\n[[test]]\nname = \"all\""),
        (
            "edition = \"2015\"",
            "[[bin]]\nname = \"two\"\n[[test]]\nname = \"more\"",
        ),
        (
            "edition = \"2015\"\nautotests = true",
            "[[test]]\nname = \"more\"",
        ),
        (
            "autoexamples = false\nautotests = false\nautobenches = false",
            "",
        ),
        (
            "autoexamples = false\nautotests = false\nautobenches = false",
            "[[test]]\nname = \"more\"\n[[example]]\nname = \"show\"",
        ),
        ("autolib = false\nautobins = false\nautobenches = true", ""),
    ] {
        let package = tempfile::tempdir().unwrap();
        for file in FILES {
            let file = package.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let edition = if settings.contains("edition") {
            ""
        } else {
            "edition = \"2024\"\n"
        };
        let manifest = format!("[package]\nname = \"facts\"\n{edition}{settings}\n{targets}\n");
        fs::write(package.path().join("Cargo.toml"), &manifest).unwrap();
        let read = Package::read(&Directory::new(package.path().to_owned()));
        let library = read.targets.iter().any(|target| target.is_library);
        assert_eq!(read.library.is_some(), library, "{manifest}");
        let mut found: Vec<(bool, String)> = read
            .targets
            .into_iter()
            .map(|target| (target.is_library, target.file))
            .collect();
        found.sort();
        assert_eq!(found, of_cargo(package.path()), "{manifest}");
    }
}
