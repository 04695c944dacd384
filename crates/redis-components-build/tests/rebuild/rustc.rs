//! What rustc says of a package, and what it need not say.

use std::fs;

use crate::package::{FUNCTIONS, MANIFEST, Package, cargo_toml};
use crate::support::{cargo, stderr};

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
    let components = [
        "redis",
        "std",
        "core",
        "redis_components",
        "Vec",
        "u8",
        "u16",
    ];
    let manifest: String = components
        .iter()
        .map(|name| format!("[components.{name}]\n"))
        .collect();
    package.write("components.toml", &manifest);
    let library = "use redis_components::redis::RedisResult as Answer;\nuse std::fmt;\nuse u16 as port;\n\n\
        redis_components::include_components!();\n\n\
        pub type Alias = Answer<port>;\n\npub fn caller(list: Vec<u8>) -> impl fmt::Debug {\n    core::mem::take(&mut { list })\n}\n";
    package.write("src/lib.rs", library);
    let output = package.cargo(&["check"]);
    for (name, what) in [
        ("std", "the crate `std`"),
        ("core", "the crate `core`"),
        ("redis_components", "the crate `redis_components`"),
        ("Vec", "the type or trait `Vec`"),
        ("u16", "the type `u16`"),
    ] {
        let message = format!("the component `{name}` takes the name of {what}");
        assert!(output.contains(&message), "{name}: {output}");
    }
    for name in ["redis", "u8"] {
        let refused = format!("the component `{name}` ");
        assert!(!output.contains(&refused), "{output}");
    }

    // In a module of their own, nothing is named beside them.
    let inner = "pub mod components {\n    ::redis_components::include_components!();\n}\n";
    package.write(
        "src/lib.rs",
        &library.replace("redis_components::include_components!();\n", inner),
    );
    package.check_succeeds();
}

#[test]
fn b1_a_component_may_have_the_name_of_a_crate_that_is_not_named_beside_it() {
    let package = Package::new("unnamed-crates");
    package.write(
        "components.toml",
        "[components.redis_components]\n[components.std]\n[components.u8]\n[components.Debug]\n[components.logs]\n",
    );
    let library = "\
pub mod functions {
    pub mod logs;
}

::redis_components::include_components!();

#[derive(Debug)]
pub struct Services {
    pub redis_components: u8,
}

pub fn logs(redis_components: u8) -> Services {
    let twice = |redis_components: u8| redis_components.saturating_mul(u8::from(2_u8));
    let all = vec![twice(redis_components)];
    Services {
        redis_components: u8::MAX.min(all[0]),
    }
}

pub async fn connect() -> Result<(), ::redis_components::Errors> {
    let _ = std::connection().await;
    connect_all().await
}

pub mod inner {
    pub fn redirect() -> Option<redis_components::redis::Client> {
        None
    }
}
";
    package.write("src/lib.rs", library);
    package.check_succeeds();

    for (more, refused) in [
        (
            "mod tests {\n    use super::*;\n    pub type T = redis_components::redis::Client;\n}\n",
            "the component `redis_components` takes the name of the crate `redis_components`",
        ),
        (
            "pub type logs = u8;\n",
            "the component `logs` has the name of the type `crate::logs`",
        ),
        (
            "use functions::logs;\n",
            "the component `logs` has the name of the import `crate::logs`",
        ),
        (
            "extern crate std as logs;\n",
            "the component `logs` has the name of the crate `crate::logs`",
        ),
    ] {
        package.write("src/lib.rs", &format!("{library}{more}"));
        let output = package.cargo(&["check"]);
        assert!(output.contains(refused), "{more}: {output}");
    }
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
