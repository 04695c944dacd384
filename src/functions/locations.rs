//! The cities of IPv4 addresses (*Redis in Action*, 5.3).
//!
//! `ip2cityid:` is a sorted set of address ranges by their first address; a member is
//! `<city id>_<row>_<last address>`. `cityid2city:` is a hash from city id to
//! `[city, region, country]` as JSON. Both come from CSV files in the format of MaxMind's GeoLite
//! City.
//!
//! The best way to replace them is to import into an empty server, and then to move the component
//! to it.

mod city;
mod error;
mod rows;

use std::net::Ipv4Addr;
use std::path::Path;

use indicatif::ProgressBar;
use redis::{AsyncCommands, RedisResult};
use redis_components::{Connection, blocking};

pub use self::city::City;
pub use self::error::ImportError;
use self::rows::Rows;

/// How many rows go into one pipeline.
const ROWS_AT_ONCE: usize = 1000;

/// Imports ranges of addresses from a CSV file, and returns how many.
///
/// The columns are first address, last address and city id. Addresses are numbers or dotted. Lines
/// before the first range are headings.
///
/// `progress` gets the file's length, and advances with the bytes read; [`ProgressBar::hidden`]
/// shows nothing.
///
/// One round trip for each thousand rows; O(log r) for each of r ranges.
///
/// # Errors
///
/// Returns an error if the file cannot be read, a row is not a range, Redis refuses a command, or
/// the connection fails. Earlier batches of rows stay imported.
pub fn import_ips_to_redis(
    conn: &mut blocking::Connection,
    file: &Path,
    progress: &ProgressBar,
) -> Result<u64, ImportError> {
    let mut rows = Rows::open(file, progress)?;
    let mut imported = 0;
    while let Some(batch) = rows.batch(ROWS_AT_ONCE, rows::range)? {
        let mut pipeline = redis::pipe();
        for (number, range) in batch {
            let member = format!("{}_{number}_{}", range.city_id, range.last);
            pipeline.zadd("ip2cityid:", member, range.first).ignore();
            imported += 1;
        }
        pipeline.exec(conn)?;
    }
    progress.finish();
    Ok(imported)
}

/// Imports cities from a CSV file, and returns how many.
///
/// The columns are city id, country, region and city; further columns are ignored. Lines before the
/// first city are headings. Text that is not UTF-8 is read as Latin 1, the encoding in which these
/// files were published.
///
/// `progress` as in [`import_ips_to_redis`]. One round trip for each thousand rows; O(1) for each
/// row.
///
/// # Errors
///
/// Returns an error if the file cannot be read, a row is not a city, Redis refuses a command, or
/// the connection fails. Earlier batches of rows stay imported.
pub fn import_cities_to_redis(
    conn: &mut blocking::Connection,
    file: &Path,
    progress: &ProgressBar,
) -> Result<u64, ImportError> {
    let mut rows = Rows::open(file, progress)?;
    let mut imported = 0;
    while let Some(batch) = rows.batch(ROWS_AT_ONCE, rows::city)? {
        let mut pipeline = redis::pipe();
        for (_, (id, city)) in batch {
            pipeline.hset("cityid2city:", id, city.to_json()).ignore();
            imported += 1;
        }
        pipeline.exec(conn)?;
    }
    progress.finish();
    Ok(imported)
}

/// Returns the city of an address; `None` if the address is in no range, or its city is not known.
///
/// Two round trips; O(log r) for r ranges.
///
/// # Errors
///
/// Returns an error if Redis refuses a command, the connection fails, or the city is not JSON of
/// the right form.
pub async fn find_city_by_ip(
    conn: &mut Connection,
    address: Ipv4Addr,
) -> RedisResult<Option<City>> {
    let address = address.to_bits();
    let ranges: Vec<String> = conn
        .zrevrangebyscore_limit("ip2cityid:", address, 0, 0, 1)
        .await?;
    let Some(id) = ranges.first().and_then(|range| city_id(range, address)) else {
        return Ok(None);
    };
    let city: Option<String> = conn.hget("cityid2city:", id).await?;
    city.map(|json| City::from_json(&json)).transpose()
}

/// Returns the city id of a range if the range reaches up to `address`. Ranges from the book's own
/// import have no end.
fn city_id(range: &str, address: u32) -> Option<&str> {
    let mut parts = range.split('_');
    let id = parts.next()?;
    let last = parts.nth(1).map_or(Ok(u32::MAX), str::parse);
    (address <= last.ok()?).then_some(id)
}
