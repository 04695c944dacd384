//! A package with many components, whose functions have a usual length.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// The number of functions of a component, and of methods of a service.
pub(crate) const FUNCTIONS: usize = 10;

/// Writes the manifest and one source for each component.
pub(crate) fn write(directory: &Path, components: usize) -> Result<(), Failure> {
    let sources = directory.join("src/functions");
    fs::create_dir_all(&sources)?;
    let names: Vec<String> = (0..FUNCTIONS)
        .map(|i| format!("\"function_{i}\""))
        .collect();
    let names = names.join(", ");
    let mut manifest = String::new();
    for component in 0..components {
        write!(
            manifest,
            "[components.component_{component}]\nfunctions = [{names}]\n\n"
        )?;
        fs::write(sources.join(format!("component_{component}.rs")), source()?)?;
    }
    fs::write(directory.join("components.toml"), manifest)?;
    Ok(())
}

/// Returns the source of one component.
pub(crate) fn source() -> Result<String, Failure> {
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
        )?;
    }
    Ok(source)
}
