//! Many components with many functions: how long it takes is printed, `--nocapture` shows it.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use redis_components_build::Config;

const FUNCTIONS: usize = 10;

#[test]
fn output_grows_with_the_manifest() {
    for components in [10, 100, 1_000] {
        let package = package(components);
        let manifest = package.path().join("components.toml");
        let start = Instant::now();
        let output = Config::new().generate(&manifest).unwrap();
        let elapsed = start.elapsed();
        println!("{components} components with {FUNCTIONS} functions: {elapsed:.2?}");
        let wrappers = output.source().matches("__private::begin(").count();
        assert_eq!(wrappers, components * FUNCTIONS);
    }
}

/// A package whose functions are as long as functions are.
fn package(components: usize) -> tempfile::TempDir {
    let package = tempfile::tempdir().unwrap();
    let directory = package.path().join("src/functions");
    fs::create_dir_all(&directory).unwrap();
    let mut manifest = String::new();
    let names: Vec<String> = (0..FUNCTIONS)
        .map(|i| format!("\"function_{i}\""))
        .collect();
    for component in 0..components {
        writeln!(
            manifest,
            "[components.component_{component}]\nfunctions = [{}]",
            names.join(", ")
        )
        .unwrap();
        fs::write(
            directory.join(format!("component_{component}.rs")),
            source(),
        )
        .unwrap();
    }
    fs::write(package.path().join("components.toml"), manifest).unwrap();
    package
}

fn source() -> String {
    let mut source =
        "use redis::{AsyncCommands, RedisResult};\nuse redis_components::Connection;\n".to_owned();
    for function in 0..FUNCTIONS {
        write!(
            source,
            r#"
/// Appends a message, and keeps the newest.
///
/// The rest is trimmed.
pub async fn function_{function}(conn: &mut Connection, app: &str, severity: u8, message: &str) -> RedisResult<u64> {{
    let destination = format!("recent:{{app}}:{{severity}}");
    let mut pipeline = redis::pipe();
    pipeline.lpush(&destination, message).ltrim(&destination, 0, 99).ignore();
    match severity {{
        0 => pipeline.expire(&destination, 3_600).ignore(),
        1..=3 => pipeline.expire(&destination, 7_200).ignore(),
        _ => &mut pipeline,
    }};
    let (length,): (u64,) = pipeline.query_async(conn).await?;
    if length == 0 {{
        conn.set::<_, _, ()>(format!("{{destination}}:empty"), "}}").await?;
    }}
    Ok(length)
}}
"#
        )
        .unwrap();
    }
    source
}
