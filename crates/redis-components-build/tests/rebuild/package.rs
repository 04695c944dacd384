//! A package that uses the generator, built as its user would build it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{cargo, stderr, workspace, write_package};

pub(crate) const MANIFEST: &str = "[components.logs]\nfunctions = [\"log_recent\"]\n";

pub(crate) const FUNCTIONS: &str = "use redis_components::Connection;

pub async fn log_recent(_conn: &mut Connection, _message: &str) -> redis_components::redis::RedisResult<()> {
    Ok(())
}
";

/// A package in a directory of its own, so that tests can run side by side.
pub(crate) struct Package {
    directory: TempDir,
    pub(crate) name: String,
}

impl Package {
    /// Makes a package whose name is its own too: by it, cargo tells what it built for whom.
    pub(crate) fn new(case: &str) -> Self {
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

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path: PathBuf = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> String {
        stderr(&cargo(self.path(), arguments))
    }

    pub(crate) fn check_succeeds(&self) {
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

pub(crate) fn cargo_toml(name: &str) -> String {
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
pub(crate) fn without_progress(output: &str) -> String {
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    lines.join("\n")
}
