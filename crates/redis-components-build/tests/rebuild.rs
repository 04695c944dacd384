//! What a user sees of cargo: nothing to do, one diagnostic, or rustc's own words.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{cargo, stderr, workspace, write_package};
use tempfile::TempDir;

const MANIFEST: &str = "[components.logs]\nfunctions = [\"log_recent\"]\n";

const FUNCTIONS: &str = "use redis_components::Connection;

pub async fn log_recent(_conn: &mut Connection, _message: &str) -> redis_components::redis::RedisResult<()> {
    Ok(())
}
";

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
fn b3_a_source_that_does_not_parse_is_left_to_rustc() {
    let package = Package::new("broken");
    package.check_succeeds();
    package.write("src/functions/logs.rs", &FUNCTIONS.replace("&str)", "&str"));
    let output = package.cargo(&["check"]);
    assert!(
        output.contains(
            "wrappers are not up to date, because `src/functions/logs.rs` cannot be parsed"
        ),
        "{output}"
    );
    assert!(
        output.contains("error: this file contains an unclosed delimiter"),
        "{output}"
    );
    assert!(!output.contains("build script logged errors"), "{output}");
    assert!(!output.contains("logs::log_recent"), "{output}");

    package.write("src/functions/logs.rs", FUNCTIONS);
    package.check_succeeds();
}

#[test]
fn b3_a_hint_is_a_warning_that_keeps_nothing_from_being_written() {
    let package = Package::new("hint");
    package.check_succeeds();
    // It calls a wrapper that only the new text has.
    let root = fs::read_to_string(package.path().join("src/lib.rs")).unwrap();
    package.write("src/lib.rs", &root.replace("log_recent", "select"));
    let functions = FUNCTIONS
        .replace("log_recent", "select")
        .replace("_conn", "conn");
    let functions = functions.replace(
        "Ok(())",
        "redis_components::redis::cmd(\"SELECT\").arg(1).exec_async(conn).await",
    );
    package.write("src/functions/logs.rs", &functions);
    package.write("components.toml", &MANIFEST.replace("log_recent", "select"));
    let output = package.cargo(&["check"]);
    let expected = "warning: NAME@0.0.0: src/functions/logs.rs:4:34: `select` calls SELECT, which is refused on the shared connection at run time: write `select = { connection = \"dedicated\" }` in `[components.logs.functions]`";
    assert!(
        output.contains(&expected.replace("NAME", &package.name)),
        "{output}"
    );
    assert!(!output.contains("error"), "{output}");
    package.write(
        "components.toml",
        "[components.logs.functions]\nselect = { connection = \"dedicated\" }\n",
    );
    let output = package.cargo(&["check"]);
    assert!(!output.contains("warning"), "{output}");
}

#[test]
fn b2_two_manifests_and_a_renamed_runtime_fit_in_modules() {
    let package = Package::new("modules");
    let renamed = cargo_toml(&package.name).replace(
        "redis-components = {",
        "rt = { package = \"redis-components\",",
    );
    package.write("Cargo.toml", &renamed);
    package.write(
        "build.rs",
        r#"fn main() {
    let config = redis_components_build::Config::new().runtime_path("::rt");
    config.compile("components.toml").unwrap();
    config.out_file("redis.rs").compile("second.toml").unwrap();
}
"#,
    );
    package.write(
        "components.toml",
        "[components.logs]\nsource = \"src/logs.rs\"\nfunctions = [\"log_recent\"]\n",
    );
    package.write(
        "second.toml",
        "[components.logs]\nsource = \"src/logs.rs\"\nfunctions = [\"log_recent\"]\nwait = \"0s\"\n",
    );
    package.write(
        "src/logs.rs",
        &FUNCTIONS.replace("redis_components::", "rt::"),
    );
    package.write(
        "src/lib.rs",
        r#"pub mod logs;

pub mod first {
    rt::include_components!();
}

pub mod second {
    rt::include_components!("redis.rs");
}

pub async fn caller() {
    let _ = crate::first::logs::log_recent("message").await;
    let _ = crate::second::logs::log_recent("message").await;
    let _ = (crate::first::connect_all().await, crate::second::COMPONENTS);
}
"#,
    );
    package.check_succeeds();
}

#[test]
fn b2_each_target_has_a_root_of_its_own() {
    let package = Package::new("targets");
    package.write(
        "Cargo.toml",
        &format!(
            "{}\n[[bin]]\nname = \"named\"\npath = \"app/start.rs\"\n",
            cargo_toml(&package.name)
        ),
    );
    let targets = [
        ("main", "src/main.rs", "src/only_main.rs"),
        (
            "worker",
            "src/bin/worker/main.rs",
            "src/bin/worker/only_worker.rs",
        ),
        ("named", "app/start.rs", "app/only_named.rs"),
        (
            "example",
            "examples/show.rs",
            "examples/only_example/mod.rs",
        ),
        ("test", "tests/it.rs", "tests/only_test/mod.rs"),
    ];
    let mut script =
        String::from("fn main() {\n    redis_components_build::compile(\"components.toml\");\n");
    for (name, root, source) in targets {
        package.write(
            &format!("{name}.toml"),
            &format!(
                "[components.{name}_logs]\nsource = \"{source}\"\nfunctions = [\"log_recent\"]\n"
            ),
        );
        package.write(source, FUNCTIONS);
        package.write(
            root,
            &format!(
                "mod only_{name};\nredis_components::include_components!(\"{name}.rs\");\n\n\
                 fn main() {{\n    let _ = {name}_logs::log_recent(\"message\");\n}}\n"
            ),
        );
        script.push_str(&format!(
            "    redis_components_build::Config::new().out_file(\"{name}.rs\").compile(\"{name}.toml\").unwrap();\n"
        ));
    }
    script.push_str("}\n");
    package.write("build.rs", &script);
    let output = cargo(package.path(), &["check", "--all-targets"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn b2_a_library_that_only_speaks_of_the_macro_is_not_the_root() {
    let package = Package::new("speaks");
    let library = "//! See `include_components!()` in the program.\n";
    package.write("src/lib.rs", library);
    package.write(
        "src/main.rs",
        "mod functions {\n    pub mod logs;\n}\nredis_components::include_components!();\n\n\
         fn main() {\n    let _ = logs::log_recent(\"message\");\n}\n",
    );
    package.check_succeeds();
    // A macro of the application may hide the include.
    package.write("src/main.rs", "mod only_here;\nmacro_rules! hidden { () => { redis_components::include_components!(); }; }\nhidden!();\n\nfn main() {\n    let _ = logs::log_recent(\"message\");\n}\n");
    package.write("src/only_here.rs", FUNCTIONS);
    package.write(
        "src/lib.rs",
        "//! Has modules of its own.\npub mod other {}\n",
    );
    package.write(
        "components.toml",
        "[components.logs]\nsource = \"src/only_here.rs\"\nfunctions = [\"log_recent\"]\n",
    );
    package.write(
        "build.rs",
        "fn main() {\n    redis_components_build::Config::new().crate_root(\"src/main.rs\").compile(\"components.toml\").unwrap();\n}\n",
    );
    package.check_succeeds();
    package.write(
        "build.rs",
        "fn main() {\n    redis_components_build::Config::new().crate_root(\"src/mian.rs\").compile(\"components.toml\").unwrap();\n}\n",
    );
    let output = package.cargo(&["check"]);
    assert!(
        output.contains("cannot find the crate root `src/mian.rs`"),
        "{output}"
    );
}

#[test]
fn b1_two_manifests_do_not_write_one_file() {
    let package = Package::new("twice");
    package.write("second.toml", "[components.second]\n");
    package.write(
        "build.rs",
        "fn main() {\n    redis_components_build::compile(\"components.toml\");\n    redis_components_build::compile(\"second.toml\");\n}\n",
    );
    let output = package.cargo(&["check"]);
    assert!(
        output.contains("`components.toml` and `second.toml` both generate `components.rs`"),
        "{output}"
    );
    assert!(output.contains("`Config::out_file`"), "{output}");
}

#[test]
fn b4_examples_are_tests_of_the_function_alone() {
    let package = Package::new("examples");
    let example = "/// - In a list:\n///   ```\n///   assert!(true);\n///   ```\n///\n/// > ~~~{.rust}\n\
        /// > assert!(true);\n/// > ~~~\n///\n/// # Example\n///     assert!(true);\n///\n/// ***\n///     assert!(true);\n";
    package.write(
        "src/functions/logs.rs",
        &FUNCTIONS.replace(
            "pub async fn",
            &format!("{example}#[doc = include_str!(\"logs.md\")]\npub async fn"),
        ),
    );
    package.write("src/functions/logs.md", "```\nassert!(true);\n```\n");
    let output = cargo(package.path(), &["test", "--doc"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", stderr(&output));
    assert!(stdout.contains("5 passed"), "{stdout}");
    assert!(!stdout.contains("components.rs"), "{stdout}");
    let output = cargo(package.path(), &["doc", "--no-deps"]);
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
}

#[test]
fn b2_impl_types_capture_what_the_edition_says() {
    let package = Package::new("captures");
    let functions = "use redis_components::{Connection, blocking, redis::RedisResult};

pub async fn ids(_conn: &mut Connection) -> RedisResult<impl Iterator<Item = u64> + 'static> {
    Ok(std::iter::once(1))
}

pub fn blocking_ids(_conn: &mut blocking::Connection) -> impl Iterator<Item = u64> {
    std::iter::once(1)
}
";
    package.write("src/functions/logs.rs", functions);
    package.write(
        "components.toml",
        "[components.logs]\nfunctions = [\"ids\", \"blocking_ids\"]\n",
    );
    package.write(
        "src/lib.rs",
        "pub mod functions {\n    pub mod logs;\n}\n\nredis_components::include_components!();\n",
    );
    let of_edition =
        |edition: &str| cargo_toml(&package.name).replace("edition = \"2024\"", edition);
    let output = package.cargo(&["check"]);
    assert!(
        output.contains("may borrow from its connection"),
        "{output}"
    );
    package.write("Cargo.toml", &of_edition("edition = \"2021\""));
    package.check_succeeds();
    let inherited = of_edition("edition.workspace = true").replace(
        "[workspace]",
        "[workspace]\n\n[workspace.package]\nedition = \"2018\"",
    );
    package.write("Cargo.toml", &inherited);
    package.check_succeeds();
    package.write("Cargo.toml", &inherited.replace("2018", "2024"));
    let output = package.cargo(&["check"]);
    assert!(
        output.contains("may borrow from its connection"),
        "{output}"
    );
}

#[test]
fn b1_a_component_does_not_take_the_name_of_a_crate_that_is_used_beside_it() {
    let package = Package::new("crates");
    let components = ["redis", "std", "core", "redis_components", "Vec", "u8"];
    let manifest: String = components
        .iter()
        .map(|name| format!("[components.{name}]\n"))
        .collect();
    package.write("components.toml", &manifest);
    let library = "use redis_components::redis::RedisResult as Answer;\nuse std::fmt;\n\n\
        redis_components::include_components!();\n\n\
        pub type Alias = Answer<()>;\n\npub fn caller(list: Vec<u8>) -> impl fmt::Debug {\n    core::mem::take(&mut { list })\n}\n";
    package.write("src/lib.rs", library);
    let output = package.cargo(&["check"]);
    for (name, what) in [
        ("std", "the crate `std`"),
        ("core", "the crate `core`"),
        ("redis_components", "the crate `redis_components`"),
        ("Vec", "the type or trait `Vec`"),
        ("u8", "the type or trait `u8`"),
    ] {
        let message = format!("the component `{name}` takes the name of {what}");
        assert!(output.contains(&message), "{name}: {output}");
    }
    assert!(!output.contains("the component `redis` "), "{output}");

    // In a module of their own, nothing is named beside them.
    let inner = "pub mod components {\n    ::redis_components::include_components!();\n}\n";
    package.write(
        "src/lib.rs",
        &library.replace("redis_components::include_components!();\n", inner),
    );
    package.check_succeeds();
}

#[test]
fn b3_an_older_rust_version_is_no_reason_for_cargo_to_object() {
    let package = Package::new("older");
    let manifest = cargo_toml(&package.name).replace(
        "edition = \"2024\"",
        "edition = \"2021\"\nrust-version = \"1.70\"",
    );
    package.write("Cargo.toml", &manifest);
    let output = cargo(package.path(), &["check", "--ignore-rust-version"]);
    assert!(output.status.success(), "{}", stderr(&output));
    package.write(
        "components.toml",
        &MANIFEST.replace("log_recent", "log_recnt"),
    );
    let output = package.cargo(&["check", "--ignore-rust-version"]);
    assert!(
        output.contains("cannot find function `log_recnt`"),
        "{output}"
    );
    assert!(!output.contains("cargo::"), "{output}");
}

#[test]
fn b1_places_in_a_workspace_are_those_of_rustc() {
    let package = Package::new("workspace");
    let manifest = cargo_toml(&package.name);
    let member = manifest.replace("[workspace]\n", "");
    package.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"deep/member\"]\nresolver = \"3\"\n",
    );
    package.write("deep/member/Cargo.toml", &member);
    package.write(
        "deep/member/build.rs",
        "fn main() {\n    redis_components_build::compile(\"components.toml\");\n}\n",
    );
    package.write(
        "deep/member/components.toml",
        &MANIFEST.replace("log_recent", "log_recnt"),
    );
    package.write("deep/member/src/functions/logs.rs", FUNCTIONS);
    package.write("deep/member/src/lib.rs", "");
    let output = package.cargo(&["check"]);
    assert!(
        output.contains("--> deep/member/components.toml:2:14"),
        "{output}"
    );
    assert!(
        output.contains("--> deep/member/src/functions/logs.rs:3:14"),
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

/// A package in a directory of its own, so that tests can run side by side.
struct Package {
    directory: TempDir,
    name: String,
}

impl Package {
    /// Makes a package whose name is its own too: by it, cargo tells what it built for whom.
    fn new(case: &str) -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let name = format!("rebuild-{case}-{}", std::process::id());
        let package = Self { directory, name };
        write_package(package.path(), &cargo_toml(&package.name));
        package.write(
            "build.rs",
            "fn main() {\n    redis_components_build::compile(\"components.toml\");\n}\n",
        );
        package.write("components.toml", MANIFEST);
        package.write("src/functions/logs.rs", FUNCTIONS);
        package.write(
            "src/lib.rs",
            "pub mod functions {\n    pub mod logs;\n}\n\nredis_components::include_components!();\n\n\
             pub async fn caller() {\n    let _ = crate::logs::log_recent(\"message\").await;\n}\n",
        );
        package
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path: PathBuf = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn cargo(&self, arguments: &[&str]) -> String {
        stderr(&cargo(self.path(), arguments))
    }

    fn check_succeeds(&self) {
        let output = cargo(self.path(), &["check"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        self.cargo(&["clean", "--package", &self.name]);
    }
}

fn cargo_toml(name: &str) -> String {
    let crates = workspace().join("crates");
    format!(
        r#"[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
redis-components = {{ path = '{0}/redis-components' }}

[build-dependencies]
redis-components-build = {{ path = '{0}/redis-components-build' }}
"#,
        crates.display()
    )
}

/// Removes the lines that say what cargo is at.
fn without_progress(output: &str) -> String {
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    lines.join("\n")
}
