//! Reads the fields of a cluster.

use serde_json::{Map, Value, json};

use super::component_config::DEFAULT_PORT;
use super::endpoint::{Cluster, Endpoint, ReadFrom};
use super::field::Field;
use super::given::Given;
use super::{servers, table};

/// Fields that name a server in another way.
const OTHER_ENDPOINTS: [&str; 7] = [
    "url",
    "host",
    "port",
    "unix_socket_path",
    "path",
    "sentinels",
    "service_name",
];

/// Returns the cluster that the fields mean, if they mean one.
///
/// # Errors
///
/// Returns the reason if the fields are refused. It contains none of their values.
pub(super) fn read(given: &Given<'_>) -> Result<Option<Endpoint>, String> {
    let fields = [table::CLUSTER, table::STARTUP_NODES];
    let mut seeds = fields.iter().filter(|field| given.has(field));
    let Some(field) = seeds.next() else {
        return without_seeds(given);
    };
    if let Some(second) = seeds.next() {
        return Err(both_given(field.name, second.name));
    }
    let is_given = |name: &str| given.0.get(name).is_some_and(|value| !value.is_null());
    if let Some(other) = OTHER_ENDPOINTS.iter().find(|other| is_given(other)) {
        return Err(both_given(field.name, other));
    }
    if given.whole::<u32>(&table::DB)?.is_some_and(|db| db != 0) {
        return Err("`db` is not 0, and a cluster has only that database; leave it out".into());
    }
    let list = given.get(field).unwrap_or(&Value::Null);
    let seeds = servers::read(field.name, list, DEFAULT_PORT)?;
    Ok(Some(Endpoint::Cluster(Cluster {
        seeds,
        require_full_coverage: given.flag(&table::REQUIRE_FULL_COVERAGE)?.unwrap_or(true),
        read_from: read_from(given)?,
    })))
}

/// Refuses the fields of a cluster without a cluster, except what has no effect.
fn without_seeds(given: &Given<'_>) -> Result<Option<Endpoint>, String> {
    let asks_for_replicas = read_from(given)? == ReadFrom::Replica;
    let is_checked: Option<bool> = given.flag(&table::REQUIRE_FULL_COVERAGE)?;
    let field = if asks_for_replicas {
        "read_from"
    } else if is_checked == Some(false) {
        table::REQUIRE_FULL_COVERAGE.name
    } else {
        return Ok(None);
    };
    Err(format!(
        "`{field}` is an option of a cluster; name its nodes as `cluster`"
    ))
}

fn read_from(given: &Given<'_>) -> Result<ReadFrom, String> {
    let by_name = match given.text(&table::READ_FROM)? {
        None => None,
        Some("primary") => Some(ReadFrom::Primary),
        Some("replica") => Some(ReadFrom::Replica),
        Some(_) => return Err("`read_from` must be \"primary\" or \"replica\"".into()),
    };
    let by_flag = given.flag(&table::READ_FROM_REPLICAS)?;
    let by_flag = by_flag.map(|replicas| {
        if replicas {
            ReadFrom::Replica
        } else {
            ReadFrom::Primary
        }
    });
    match (by_name, by_flag) {
        (Some(one), Some(other)) if one != other => Err(
            "`read_from` and `read_from_replicas` contradict each other; keep one of them".into(),
        ),
        (one, other) => Ok(one.or(other).unwrap_or_default()),
    }
}

/// Adds the fields that mean the cluster.
pub(super) fn write(cluster: &Cluster, object: &mut Map<String, Value>) {
    let Cluster {
        seeds,
        require_full_coverage,
        read_from,
    } = cluster;
    let mut insert = |field: &Field, value| object.insert(field.name.into(), value);
    insert(&table::CLUSTER, servers::write(seeds));
    if !require_full_coverage {
        insert(&table::REQUIRE_FULL_COVERAGE, json!(false));
    }
    if *read_from == ReadFrom::Replica {
        insert(&table::READ_FROM, json!("replica"));
    }
}

fn both_given(one: &str, other: &str) -> String {
    format!("`{one}` and `{other}` are both given; keep one of them")
}
