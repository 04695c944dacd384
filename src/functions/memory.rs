//! The memory of structures before and after they outgrow their compact encoding (*Redis in
//! Action*, 9.1).

mod structure;
mod table;

use redis::{AsyncCommands, Pipeline, RedisError, RedisResult};
use redis_components::Connection;

pub use self::structure::Structure;
pub use self::table::{Comparison, Measurement, Table};
use super::token;

/// Measures the value of a key. Returns `None` if the key does not exist.
///
/// Two round trips; O(n) for n elements, because the server counts every element.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. If Redis refuses DEBUG, as
/// servers since 7.0 do by default, the serialized length is `None` instead.
pub async fn measure(conn: &mut Connection, key: &str) -> RedisResult<Option<Measurement>> {
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    pipeline.cmd("OBJECT").arg("ENCODING").arg(key);
    pipeline
        .cmd("MEMORY")
        .arg("USAGE")
        .arg(key)
        .arg("SAMPLES")
        .arg(0);
    let (encoding, bytes): (Option<String>, Option<u64>) = pipeline.query_async(conn).await?;
    let (Some(encoding), Some(bytes)) = (encoding, bytes) else {
        return Ok(None);
    };
    let mut debug = redis::cmd("DEBUG");
    let debug: RedisResult<String> = debug.arg("OBJECT").arg(key).query_async(conn).await;
    let serialized_length = match debug {
        Ok(text) => serialized_length(&text),
        Err(error) if is_refusal(&error) => None,
        Err(error) => return Err(error),
    };
    Ok(Some(Measurement {
        encoding,
        bytes,
        serialized_length,
    }))
}

/// Measures a structure with as many elements as its compact encoding can hold, and with one more.
///
/// Ten round trips; O(n) for n elements. The structure has its own key,
/// `memory:<structure>:<token>`. The function deletes that key afterwards; if that fails, the key
/// expires.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn compare_encodings(
    conn: &mut Connection,
    structure: Structure,
) -> RedisResult<Comparison> {
    let key = format!("memory:{structure}:{}", token::unique());
    let limit = compact_limit(conn, structure).await?;
    let compared = grow(conn, structure, &key, limit).await;
    let () = conn.del(&key).await?;
    let [compact, outgrown] = compared?;
    Ok(Comparison {
        structure,
        elements: limit,
        compact,
        outgrown,
    })
}

/// Compares all structures. The result prints as a table.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn compare_all_encodings(conn: &mut Connection) -> RedisResult<Table> {
    let mut comparisons = Vec::new();
    for structure in Structure::ALL {
        comparisons.push(compare_encodings(conn, structure).await?);
    }
    Ok(Table(comparisons))
}

/// Returns how many elements the server keeps in the compact encoding.
async fn compact_limit(conn: &mut Connection, structure: Structure) -> RedisResult<u64> {
    for option in structure.options() {
        let mut config = redis::cmd("CONFIG");
        let answer: Vec<(String, u64)> = config.arg("GET").arg(option).query_async(conn).await?;
        if let Some((_, limit)) = answer.first() {
            return Ok(*limit);
        }
    }
    Err(RedisError::from((
        redis::ErrorKind::UnexpectedReturnType,
        "the server does not say how many elements its compact encoding holds",
        structure.to_string(),
    )))
}

async fn grow(
    conn: &mut Connection,
    structure: Structure,
    key: &str,
    limit: u64,
) -> RedisResult<[Measurement; 2]> {
    fill(conn, structure, key, 0..limit).await?;
    let compact = present(measure(conn, key).await?)?;
    fill(conn, structure, key, limit..limit + 1).await?;
    let outgrown = present(measure(conn, key).await?)?;
    Ok([compact, outgrown])
}

async fn fill(
    conn: &mut Connection,
    structure: Structure,
    key: &str,
    elements: std::ops::Range<u64>,
) -> RedisResult<()> {
    let mut pipeline: Pipeline = redis::pipe();
    pipeline.atomic();
    for element in elements {
        pipeline.add_command(structure.add(key, element)).ignore();
    }
    pipeline.expire(key, 60).ignore();
    pipeline.exec_async(conn).await
}

fn present(measurement: Option<Measurement>) -> RedisResult<Measurement> {
    measurement.ok_or_else(|| {
        let reason = "the structure was gone before it was measured";
        RedisError::from((redis::ErrorKind::UnexpectedReturnType, reason))
    })
}

/// Returns the number in `… encoding:listpack serializedlength:17 …`.
fn serialized_length(debug: &str) -> Option<u64> {
    debug
        .split_whitespace()
        .find_map(|word| word.strip_prefix("serializedlength:"))?
        .parse()
        .ok()
}

fn is_refusal(error: &RedisError) -> bool {
    // The server's answer, not a failure of the connection.
    !error.is_io_error() && error.code().is_some()
}
