//! A scope for each tenant, kept as docs/tenants.md says.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use redis_components::{Component, Scope, Settings};

use common::{HOUR, World, declare, name_of, patient, until};

/// Returns the scope of a tenant, to be kept.
fn scope_of(world: &World, tenant: usize) -> Scope {
    let settings = patient(Settings::new(world.config.url()));
    let settings = settings
        .key_prefix(format!("tenant-{tenant}:"))
        .receipts(false);
    settings.scope_blocking(|| Scope::current().unwrap())
}

/// Returns how many threads of this process are the runtime's.
fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    // The kernel keeps fifteen characters of a name.
    names
        .filter(|name| name.trim() == "redis-component")
        .count()
}

/// Waits until the calls of a tenant run on the server with that name.
async fn is_on(component: &'static Component, scope: &Scope, name: &str) {
    let scope = scope.clone();
    scope
        .run(until("the tenant has its server", async || {
            let Ok(mut connection) = component.connection().await else {
                // A busy machine reads the first config late.
                return false;
            };
            name_of(&mut connection).await.unwrap() == name
        }))
        .await;
}

#[tokio::test]
async fn r12_each_tenant_has_its_server_and_one_watch_however_often_it_calls() {
    let tenants: usize = std::env::var("TENANTS").map_or(40, |tenants| tenants.parse().unwrap());
    let world = World::start();
    let logs = declare("logs", HOUR);
    for tenant in 0..tenants {
        let server = if tenant % 2 == 0 { &world.a } else { &world.b };
        let key = format!("tenant-{tenant}:logs");
        world.config.command(&["SET", &key, &server.config()]);
    }
    let before = world.config.connected_clients();
    let begun = Instant::now();
    let scopes: BTreeMap<usize, Scope> = (0..tenants)
        .map(|tenant| (tenant, scope_of(&world, tenant)))
        .collect();
    for _ in 0..3 {
        for (tenant, scope) in &scopes {
            is_on(logs, scope, if tenant % 2 == 0 { "a" } else { "b" }).await;
        }
    }
    println!("{tenants} tenants in {:?}", begun.elapsed());
    // Of the threads, one follows the configs, and one makes reports while there are any.
    until("each tenant has one watch", async || {
        let connections = world.config.connected_clients() - before;
        connections == tenants as u64 && (tenants..=2 * tenants).contains(&threads())
    })
    .await;
    // One tenant moves, and the others stay.
    let key = "tenant-0:logs";
    world.config.command(&["SET", key, &world.b.config()]);
    is_on(logs, &scopes[&0], "b").await;
    is_on(logs, &scopes[&2], "a").await;
    // Tenants that leave take their watches along.
    drop(scopes);
    until("all watches end", async || {
        world.config.connected_clients() == before && threads() == 0
    })
    .await;
}
