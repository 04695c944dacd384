//! Measures the memory that components keep on the heap, and the allocations of calls.
//!
//! This is a separate program, because counting slows each allocation down.

use std::alloc::System;
use std::hint::black_box;

use peers::heap::{Heap, Measured};
use redis_components::{Component, Settings};
use redis_components_testing::Cluster;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const COMPONENTS: usize = 1_000;
/// Components in a cluster, each with a connection to every node.
const IN_CLUSTER: usize = 50;
const NODES: usize = 3;
const CALLS: usize = 1_000_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, data, _] = arguments.as_slice() else {
        return Err("Usage: peers-heap CONFIG-SERVER DATA-SERVER DATA-SERVER".into());
    };
    Settings::new(config).install()?;
    let runtime = tokio::runtime::Runtime::new()?;
    // Calls come first: what ends later may be freed while something else is counted.
    let clone = clone(&runtime, data)?;
    let accessor = runtime.block_on(accessor())?;
    let heap = Heap {
        components: components(&runtime, config, data)?,
        clone,
        accessor,
    };
    println!("{}", serde_json::to_string(&heap)?);
    Ok(())
}

fn components(
    runtime: &tokio::runtime::Runtime,
    config: &str,
    data: &str,
) -> Result<Vec<Measured>, Failure> {
    let mut measured = Vec::new();
    let mut region = Region::new(ALLOCATOR);
    let declared = peers::declared_components(COMPONENTS);
    measured.push(each("one component, declared", &mut region));
    // The watch must exist before counting begins.
    runtime.block_on(peers::components::logs::connection())?;
    region = Region::new(ALLOCATOR);
    for component in &declared {
        // Without a config there is nothing to connect to.
        if runtime.block_on(component.connection()).is_ok() {
            return Err(format!("`{}` has a config already", component.key()).into());
        }
    }
    measured.push(each("one component, used, without a config", &mut region));
    let mut operator = redis::Client::open(config)?.get_connection()?;
    let there = config_of(data)?;
    for component in &declared {
        let mut set = redis::cmd("SET");
        set.arg(component.key()).arg(&there).exec(&mut operator)?;
    }
    region = Region::new(ALLOCATOR);
    for component in &declared {
        runtime.block_on(component.connection())?;
    }
    measured.push(each(
        "one component, connected, more than used",
        &mut region,
    ));
    measured.push(in_cluster(runtime, config, data)?);
    let client = redis::Client::open(data)?;
    region = Region::new(ALLOCATOR);
    let mut connections = Vec::with_capacity(COMPONENTS);
    for _ in 0..COMPONENTS {
        connections.push(runtime.block_on(client.get_multiplexed_async_connection())?);
    }
    measured.push(each("one MultiplexedConnection", &mut region));
    drop(connections);
    for component in &declared {
        redis::cmd("DEL").arg(component.key()).exec(&mut operator)?;
    }
    Ok(measured)
}

/// Returns what a component in a cluster costs beyond as many components as it has nodes, all of
/// which have been called.
fn in_cluster(
    runtime: &tokio::runtime::Runtime,
    config: &str,
    data: &str,
) -> Result<Measured, Failure> {
    let cluster = Cluster::builder(NODES, 0).try_start()?;
    let single = IN_CLUSTER * NODES;
    let declared = peers::declared_components(COMPONENTS + single + IN_CLUSTER);
    let (single, in_cluster) = declared[COMPONENTS..].split_at(single);
    let mut operator = redis::Client::open(config)?.get_connection()?;
    let mut set = |components: &[&'static Component], config: &str| {
        components.iter().try_for_each(|component| {
            let mut set = redis::cmd("SET");
            set.arg(component.key()).arg(config).exec(&mut operator)
        })
    };
    set(single, &config_of(data)?)?;
    set(in_cluster, &cluster.config())?;
    let mut region = Region::new(ALLOCATOR);
    let mut bytes = |components: &[&'static Component], name| -> Result<Measured, Failure> {
        components
            .iter()
            .try_for_each(|component| runtime.block_on(called(component)))?;
        Ok(one_of(IN_CLUSTER, name, &mut region))
    };
    let beside = bytes(single, "")?;
    let mut measured = bytes(
        in_cluster,
        "one component in a cluster, more than one per node",
    )?;
    measured.bytes -= beside.bytes;
    measured.allocations -= beside.allocations;
    for component in single.iter().chain(in_cluster) {
        redis::cmd("DEL").arg(component.key()).exec(&mut operator)?;
    }
    Ok(measured)
}

/// Calls a component with keys of all nodes, so that there is a connection to each.
async fn called(component: &Component) -> Result<(), Failure> {
    let mut connection = component.connection().await?;
    for number in 0..100 {
        let mut get = redis::cmd("GET");
        let get = get.arg(format!("key:{number}"));
        get.exec_async(&mut connection).await?;
    }
    Ok(())
}

fn config_of(url: &str) -> Result<String, Failure> {
    let (_, port) = url.rsplit_once(':').ok_or("a URL without a port")?;
    Ok(format!(r#"{{"host": "127.0.0.1", "port": {port}}}"#))
}

fn clone(runtime: &tokio::runtime::Runtime, data: &str) -> Result<Measured, Failure> {
    let client = redis::Client::open(data)?;
    let connection = runtime.block_on(client.get_multiplexed_async_connection())?;
    let mut region = Region::new(ALLOCATOR);
    for _ in 0..CALLS {
        black_box(black_box(&connection).clone());
    }
    Ok(one_of(
        CALLS,
        "one MultiplexedConnection::clone",
        &mut region,
    ))
}

async fn accessor() -> Result<Measured, Failure> {
    peers::components::logs::connection().await?;
    let mut region = Region::new(ALLOCATOR);
    for _ in 0..CALLS {
        black_box(peers::components::logs::connection().await?);
    }
    Ok(one_of(CALLS, "one connection(), push", &mut region))
}

fn each(name: &str, region: &mut Region<'_, System>) -> Measured {
    one_of(COMPONENTS, name, region)
}

/// Returns the change of the region, divided by `count`.
#[allow(clippy::cast_precision_loss, reason = "far less than 2^53")]
fn one_of(count: usize, name: &str, region: &mut Region<'_, System>) -> Measured {
    let change = region.change_and_reset();
    let kept = change.bytes_allocated as f64 - change.bytes_deallocated as f64;
    Measured {
        name: name.to_owned(),
        bytes: kept / count as f64,
        allocations: change.allocations as f64 / count as f64,
    }
}
