//! What a user sees of cargo: nothing to do, one diagnostic, or rustc's own words.

#![allow(clippy::unwrap_used)]

mod package;
mod roots;
mod rustc;
#[path = "../support/mod.rs"]
mod support;

use std::fs;

use crate::package::{FUNCTIONS, MANIFEST, Package, cargo_toml, without_progress};

#[test]
fn b4_an_unchanged_package_is_fresh() {
    let package = Package::new("fresh");
    package.check_succeeds();
    package.write("notes.md", "Not an input.");
    let output = package.cargo(&["check", "--verbose"]);
    assert!(
        output.contains(&format!("Fresh {} v0.0.0", package.name)),
        "{output}"
    );
    assert!(!output.contains("Running"), "{output}");
}

#[test]
fn b4_a_module_of_another_platform_that_is_not_there_rebuilds_nothing() {
    let package = Package::new("absent");
    package.write(
        "src/lib.rs",
        "pub mod functions {\n    #[cfg_attr(any(), path = \"elsewhere.rs\")]\n    pub mod logs;\n}\n\n\
         redis_components::include_components!();\n",
    );
    package.check_succeeds();
    let output = package.cargo(&["check", "--verbose"]);
    assert!(!output.contains("Running"), "{output}");
}

#[test]
fn b1_a_missing_function_gives_the_diagnostic_and_nothing_else() {
    let package = Package::new("missing");
    // With everything else built, there are no other jobs for cargo to wait for and to speak of.
    package.check_succeeds();
    package.write(
        "components.toml",
        &MANIFEST.replace("log_recent", "log_recnt"),
    );
    let output = package.cargo(&["check"]);
    let expected = r#"error: NAME@0.0.0: error: cannot find function `log_recnt` in `src/functions/logs.rs`
error: NAME@0.0.0:  --> components.toml:2:14
error: NAME@0.0.0:   |
error: NAME@0.0.0: 2 | functions = ["log_recnt"]
error: NAME@0.0.0:   |              ^^^^^^^^^^^ not found
error: NAME@0.0.0:   |
error: NAME@0.0.0: help: a function with a similar name exists
error: NAME@0.0.0:  --> src/functions/logs.rs:3:14
error: NAME@0.0.0:   |
error: NAME@0.0.0: 3 | pub async fn log_recent(_conn: &mut Connection, _message: &str) -> redis_components::redis::RedisResult<()> {
error: NAME@0.0.0:   |              ----------
error: NAME@0.0.0: 
error: NAME@0.0.0: note: reported by redis-components-build
error: build script logged errors"#;
    assert_eq!(
        without_progress(&output),
        expected.replace("NAME", &package.name)
    );

    package.write("components.toml", MANIFEST);
    package.check_succeeds();
}

#[test]
fn b4_a_changed_source_is_read_again() {
    let package = Package::new("changed");
    package.check_succeeds();
    package.write(
        "src/functions/logs.rs",
        &FUNCTIONS.replace("log_recent", "log_common"),
    );
    let output = package.cargo(&["check"]);
    assert!(
        output.contains("cannot find function `log_recent`"),
        "{output}"
    );
    assert!(
        output.contains("help: a function with a similar name exists")
            || output.contains("= help: define"),
        "{output}"
    );
}

#[test]
fn b1_what_a_package_leaves_out_is_spoken_of() {
    let package = Package::new("published");
    let manifest =
        cargo_toml(&package.name).replace("[workspace]", "include = [\"src/**\"]\n\n[workspace]");
    package.write("Cargo.toml", &manifest);
    fs::remove_file(package.path().join("components.toml")).unwrap();
    let output = package.cargo(&["check"]);
    assert!(output.contains("cannot read `components.toml`"), "{output}");
    assert!(
        output.contains("`include` or `exclude` in `Cargo.toml`"),
        "{output}"
    );
}
