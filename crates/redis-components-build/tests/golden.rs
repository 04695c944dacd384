//! The generated text and the diagnostics of every case; `UPDATE_EXPECT=1` refreshes them.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use expect_test::expect_file;
use redis_components_build::{Config, Output};
use support::cases;

#[test]
fn b2_functions_are_wrapped_as_they_stand() {
    for case in cases("golden") {
        let output = generate(&case);
        expect_file![case.join("expected.rs")].assert_eq(output.source());
        assert_eq!(output.warnings().count(), 0, "{}", case.display());
    }
}

#[test]
fn b4_output_is_the_same_on_every_run() {
    for case in cases("golden") {
        assert_eq!(generate(&case).source(), generate(&case).source());
    }
}

#[test]
fn b1_b3_mistakes_are_reported_at_their_places_in_one_run() {
    for case in cases("diagnostics") {
        let error = Config::new()
            .generate(case.join("components.toml"))
            .expect_err(&case.display().to_string());
        expect_file![case.join("expected.txt")].assert_eq(&format!("{error}\n"));
    }
}

#[test]
fn r8_no_report_shows_a_secret() {
    let mut found = 0;
    for case in cases("diagnostics") {
        let manifest = fs::read_to_string(case.join("components.toml")).unwrap_or_default();
        let secrets: Vec<&str> = ["hunter1", "hunter2", "S3cretZ"]
            .into_iter()
            .filter(|secret| manifest.contains(secret))
            .collect();
        found += secrets.len();
        let Err(error) = Config::new().generate(case.join("components.toml")) else {
            continue;
        };
        for secret in secrets {
            assert!(!error.to_string().contains(secret), "{error}");
        }
    }
    assert!(found >= 9, "{found}");
}

#[test]
fn b3_calls_that_a_shared_connection_refuses_are_pointed_at() {
    for case in cases("hints") {
        let output = generate(&case);
        let hints: Vec<&str> = output.warnings().collect();
        expect_file![case.join("expected.txt")].assert_eq(&(hints.join("\n") + "\n"));
    }
}

#[test]
fn b4_inputs_are_the_manifest_each_source_and_the_modules_around_it_once() {
    let output = generate(&support::crate_directory().join("tests/golden/shared_source"));
    let inputs: Vec<&Path> = output.inputs().collect();
    assert_eq!(
        inputs,
        [
            Path::new("components.toml"),
            Path::new("src/lib.rs"),
            Path::new("src/functions/shared.rs"),
        ]
    );
}

fn generate(case: &Path) -> Output {
    Config::new()
        .generate(case.join("components.toml"))
        .unwrap_or_else(|error| panic!("{}:\n{error}", case.display()))
}

#[test]
fn b3_a_source_that_does_not_parse_costs_its_wrappers_alone() {
    let package = tempfile::tempdir().unwrap();
    let functions = package.path().join("src/functions");
    fs::create_dir_all(&functions).unwrap();
    let manifest = package.path().join("components.toml");
    fs::write(
        &manifest,
        "[components.broken]\nfunctions = [\"read\"]\n[components.whole]\nfunctions = [\"read\"]\n",
    )
    .unwrap();
    fs::write(functions.join("broken.rs"), "pub fn read(").unwrap();
    fs::write(functions.join("whole.rs"), "pub fn read(conn: Conn) {}").unwrap();
    let output = Config::new().generate(&manifest).unwrap();
    let warnings: Vec<&str> = output.warnings().collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("wrappers are not up to date, because `src/functions/broken.rs` cannot be parsed (src/functions/broken.rs:1:"), "{warnings:?}");
    assert!(!output.source().contains("functions::broken::read"));
    assert!(
        output
            .source()
            .contains("&self::broken::COMPONENT,\n    &self::whole::COMPONENT,")
    );
    assert!(output.source().contains("functions::whole::read"));
}

#[test]
fn b3_what_is_nested_too_deeply_is_refused_at_its_place() {
    let package = tempfile::tempdir().unwrap();
    fs::create_dir_all(package.path().join("src/functions")).unwrap();
    let manifest = package.path().join("components.toml");
    fs::write(&manifest, "[components.deep]\nfunctions = [\"read\"]\n").unwrap();
    let generate = |source: &str| {
        fs::write(package.path().join("src/functions/deep.rs"), source).unwrap();
        Config::new().generate(&manifest)
    };
    for (before, inside, after) in [
        ("pub fn read(conn: Conn, a: ", "Vec<", "u8"),
        ("pub fn read(conn: Conn, a: ", "Pair<u8, ", "u8"),
        ("pub fn read(conn: Conn, a: ", "(", "u8"),
        ("pub fn read(conn: Conn, a: ", "[", "u8"),
        ("pub fn read(conn: Conn, a: ", "&", "u8"),
        ("pub fn read(conn: Conn, a: ", "*const ", "u8"),
        ("pub fn read(conn: Conn, a: ", "fn() -> ", "u8"),
        ("pub fn read(conn: Conn, a: ", "impl Fn() -> ", "u8"),
        ("pub fn read(conn: Conn, ", "(", "a"),
        ("pub fn read(conn: Conn) -> ", "Option<", "u8"),
        ("#[cfg(", "not(", "unix"),
        ("type A = ", "Vec<", "u8"),
        ("type A = Vec<{ 1 << 2 }>; type B = ", "Vec<", "u8"),
        ("const A: u8 = ", "(", "1"),
        ("const A: u8 = ", "-", "1"),
        ("const A: u8 = ", "a = ", "1"),
        ("const A: u8 = ", "|b| ", "1"),
        ("const A: u8 = ", "{", "1"),
        ("const A: u8 = ", "match b { _ => ", "1"),
        ("", "mod a {", ""),
        ("use ", "a::", "b"),
        ("use a::", "{", "b"),
        ("m! ", "(", ""),
    ] {
        let source = |depth: usize| {
            let closing = |open: char| match open {
                '(' => ")",
                '[' => "]",
                '{' => "}",
                '<' => ">",
                _ => "",
            };
            let ends = |text: &str| -> String {
                let arrow = text.contains("->") || text.contains("=>");
                let open = text.chars().rev().map(closing);
                if arrow && !text.contains('{') {
                    String::new()
                } else {
                    open.collect()
                }
            };
            let close = ends(inside).repeat(depth);
            let rest = if before.starts_with("pub fn read(conn: Conn)") {
                " {}"
            } else if before.starts_with("pub fn read(") && inside == "(" && after == "a" {
                ": u8) {}"
            } else if before.starts_with("pub fn read(") {
                ") {}"
            } else if before.starts_with("#[") {
                ")] pub fn read(conn: Conn) {}"
            } else if before.is_empty() {
                " pub fn read(conn: Conn) {}"
            } else {
                "; pub fn read(conn: Conn) {}"
            };
            format!("{before}{}{after}{close}{rest}", inside.repeat(depth))
        };
        generate(&source(100)).unwrap();
        let error = generate(&source(3_000)).unwrap_err().to_string();
        let expected = "`src/functions/deep.rs` is nested too deeply to be read\n --> src/functions/deep.rs:1:";
        assert!(error.contains(expected), "{before}{inside}\n{error}");
        assert!(error.len() < 2_000, "{before}{inside}\n{error}");
    }
}

#[test]
fn b3_what_goes_in_circles_is_left_to_the_compiler() {
    let package = tempfile::tempdir().unwrap();
    let functions = package.path().join("src/functions");
    fs::create_dir_all(&functions).unwrap();
    let manifest = package.path().join("components.toml");
    fs::write(
        &manifest,
        "[components.circles]\nfunctions = [\"aliases\", \"imports\", \"missing\"]\n",
    )
    .unwrap();
    let source = "use redis_components::Connection;
        use super::circles::b as a; use self::a as b; use super::*; pub use self::circles::*;
        mod inner { pub use super::*; pub(super) type Other = (super::Own, Other); }
        type List<T> = Vec<List<T>>; type Pair<T = Own> = (Pair<T>, Pair<Pair<T>>);
        type Own = (inner::Other, Own);
        pub async fn aliases(c: &mut Connection, l: List<u8>, p: Pair, o: inner::Other) -> Own {}
        pub async fn imports(c: &mut a, x: b, y: self::a, z: inner::inner::b) {}";
    fs::write(functions.join("circles.rs"), source).unwrap();
    fs::write(
        functions.join("mod.rs"),
        "pub mod circles; pub use circles::*; use self::circles as circles;",
    )
    .unwrap();
    let error = Config::new().generate(&manifest).unwrap_err().to_string();
    assert!(error.contains("cannot find function `missing`"), "{error}");
}

#[test]
fn b2_the_runtime_can_have_another_path() {
    let manifest = support::crate_directory().join("tests/golden/straight/components.toml");
    let config = Config::new().runtime_path("crate::vendored::runtime");
    let output = config.generate(&manifest).unwrap();
    assert!(!output.source().contains("::redis_components::"));
    assert!(
        output
            .source()
            .contains("crate::vendored::runtime::__private::begin")
    );
    let error = Config::new()
        .runtime_path("a b")
        .generate(&manifest)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("error: the runtime path `a b` is not a path"),
        "{error}"
    );
    assert_eq!(error.to_string(), format!("{error:?}"));
}

#[cfg(unix)]
#[test]
fn b2_links_are_followed_as_rustc_does() {
    use std::os::unix::fs::symlink;

    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("logs.rs");
    fs::write(&outside, "pub fn read(conn: Conn) {}").unwrap();
    fs::create_dir(elsewhere.path().join("folder")).unwrap();
    fs::copy(&outside, elsewhere.path().join("folder/jobs.rs")).unwrap();
    let package = tempfile::tempdir().unwrap();
    let functions = package.path().join("src/functions");
    fs::create_dir_all(&functions).unwrap();
    symlink(&outside, functions.join("logs.rs")).unwrap();
    symlink(elsewhere.path().join("folder"), functions.join("linked")).unwrap();
    symlink("logs.rs", functions.join("inside.rs")).unwrap();
    let manifest = package.path().join("components.toml");
    fs::write(
        &manifest,
        "[components.logs]\nfunctions = [\"read\"]\n[components.inside]\nfunctions = [\"read\"]\n\
         [components.jobs]\nsource = \"src/functions/linked/jobs.rs\"\nfunctions = [\"read\"]\n",
    )
    .unwrap();
    let output = Config::new().generate(&manifest).unwrap();
    for path in ["logs", "inside", "linked::jobs"] {
        let call = format!("crate::functions::{path}::read");
        assert!(output.source().contains(&call), "{path}");
    }
}

#[test]
fn b2_the_default_source_may_be_a_folder() {
    let package = tempfile::tempdir().unwrap();
    let folder = package.path().join("src/functions/logs");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mod.rs"), "pub fn read(conn: Conn) {}").unwrap();
    let manifest = package.path().join("components.toml");
    fs::write(&manifest, "[components.logs]\nfunctions = [\"read\"]\n").unwrap();
    let output = Config::new().generate(&manifest).unwrap();
    assert!(output.source().contains("crate::functions::logs::read"));

    fs::write(
        &manifest,
        "[components.logs]\nsource = \"src/functions/logs.rs\"\nfunctions = [\"read\"]\n",
    )
    .unwrap();
    let error = Config::new().generate(&manifest).unwrap_err().to_string();
    assert!(
        error.contains("there is `src/functions/logs/mod.rs`"),
        "{error}"
    );
}

#[test]
fn b1_a_package_without_a_library_has_no_crate_of_its_name() {
    let package = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| fs::write(package.path().join(path), text).unwrap();
    fs::create_dir_all(package.path().join("src/functions")).unwrap();
    write(
        "Cargo.toml",
        "[package]\nname = \"logs\"\nedition = \"2024\"\n",
    );
    write(
        "components.toml",
        "[components.logs]\nfunctions = [\"read\"]\n",
    );
    write("src/functions/mod.rs", "pub mod logs;");
    write("src/functions/logs.rs", "pub fn read(conn: Conn) {}");
    write(
        "src/main.rs",
        "mod functions;\nuse logs::*;\nredis_components::include_components!();\nfn main() {}",
    );
    let generate = || Config::new().generate(package.path().join("components.toml"));
    generate().unwrap();
    write("src/lib.rs", "");
    let error = generate().unwrap_err().to_string();
    assert!(
        error.contains("takes the name of the crate `logs`"),
        "{error}"
    );
    write(
        "Cargo.toml",
        "[package]\nname = \"logs\"\nedition = \"2024\"\nautolib = false\n",
    );
    generate().unwrap();
}

#[test]
fn b1_a_crate_that_is_not_in_scope_gives_up_its_name() {
    let package = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| fs::write(package.path().join(path), text).unwrap();
    fs::create_dir_all(package.path().join("src/functions")).unwrap();
    write(
        "components.toml",
        "[components.alloc]\nfunctions = [\"read\"]\n",
    );
    write("src/functions/mod.rs", "pub mod alloc;");
    write("src/functions/alloc.rs", "pub fn read(conn: Conn) {}");
    let inside =
        "mod functions; mod inside { use alloc::*; redis_components::include_components!(); }";
    let generate = |root: &str| {
        write("src/lib.rs", &format!("{root}\n{inside}"));
        Config::new().generate(package.path().join("components.toml"))
    };
    generate("").unwrap();
    generate("extern crate alloc as other;").unwrap();
    for root in ["extern crate alloc;", "extern crate self as alloc;"] {
        let error = generate(root).unwrap_err().to_string();
        let expected = "takes the name of the crate `alloc`";
        assert!(error.contains(expected), "{root}\n{error}");
    }
}

#[test]
fn b1_a_path_to_a_crate_is_none_to_a_module_of_its_name() {
    let package = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| fs::write(package.path().join(path), text).unwrap();
    fs::create_dir_all(package.path().join("src/functions")).unwrap();
    write(
        "components.toml",
        "[components.jobs]\nsource = \"src/functions/logs.rs\"\nfunctions = [\"read\"]\n",
    );
    write("src/functions/mod.rs", "pub mod logs;");
    write("src/functions/logs.rs", "pub fn read(conn: Conn) {}");
    write("src/model.rs", "pub mod jobs {}");
    let generate = |import: &str| {
        let root = "mod functions; mod model; redis_components::include_components!();";
        write("src/lib.rs", &format!("{root} {import}"));
        Config::new().generate(package.path().join("components.toml"))
    };
    for import in ["use ::model::jobs;", "use {::model::jobs, other::Name};"] {
        generate(import).unwrap();
    }
    for import in ["use model::jobs;", "use {::other::Name, model::jobs};"] {
        let error = generate(import).unwrap_err().to_string();
        let expected = "has the name of the import";
        assert!(error.contains(expected), "{import}\n{error}");
    }
}

#[test]
fn b2_no_copied_attribute_reorders_or_hides_text() {
    let package = tempfile::tempdir().unwrap();
    let functions = package.path().join("src/functions");
    fs::create_dir_all(&functions).unwrap();
    let manifest = package.path().join("components.toml");
    fs::write(&manifest, "[components.logs]\nfunctions = [\"read\"]\n").unwrap();
    let source = r#"
        #[cfg_attr(unix, doc = "Shown|\nbelow|")]
        #[doc = concat!("Put| ", "together")]
        #[deprecated(note = "gone|")]
        #[cfg_attr(unix, must_use = r"Quoted| \ ")]
        pub fn read(conn: Conn) {}"#;
    fs::write(functions.join("logs.rs"), source.replace('|', "\u{202e}")).unwrap();
    let output = Config::new().generate(&manifest).unwrap();
    let output = output.source();
    assert!(!output.contains('\u{202e}'), "{output}");
    for expected in [
        "all(not(doctest), unix), doc = \"Shown\u{fffd}\")]",
        "all(not(doctest), unix), doc = \"below\u{fffd}\")]",
        "concat!(\"Put\\u{202e} \", \"together\")",
        "note = \"gone\\u{202e}\"",
        "must_use = \"Quoted\\u{202e} \\\\ \"",
    ] {
        assert!(output.contains(expected), "{expected}\n{output}");
    }
}
