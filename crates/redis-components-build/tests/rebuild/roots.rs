//! Packages with several targets, manifests or packages around them.

use crate::package::{FUNCTIONS, MANIFEST, Package, cargo_toml};
use crate::support::{cargo, stderr};

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
