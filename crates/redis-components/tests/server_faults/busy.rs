//! A server that runs a script for long: it is silent, then refuses everything with BUSY, and then
//! is well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redis_components::{Component, Scope};

use crate::BACK;
use crate::common::traffic::figure;
use crate::common::{HOUR, World, declare, name_of, whereabouts};

async fn answers(component: &Component) -> bool {
    let Ok(mut connection) = component.connection().await else {
        return false;
    };
    name_of(&mut connection).await.is_ok()
}

/// A refusal that passes by itself is not a refusal of the config, which is tried again after up to
/// thirty seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_server_that_was_busy_is_used_soon_by_every_process() {
    const PROCESSES: usize = 10;
    /// It says so after five seconds; then the pauses have time to grow.
    const BUSY: Duration = Duration::from_secs(20);
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    let mut connection = world.a.connection();
    let script = thread::spawn(move || {
        let mut script = redis::cmd("EVAL");
        script.arg("while true do end").arg(0).exec(&mut connection)
    });
    let is_well = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let scope = world
                .default_settings()
                .scope_blocking(|| Scope::current().unwrap());
            let is_well = Arc::clone(&is_well);
            tokio::spawn(scope.run(async move {
                while !is_well.load(Ordering::SeqCst) {
                    answers(logs).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                let well = Instant::now();
                while !answers(logs).await {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                well.elapsed()
            }))
        })
        .collect();
    tokio::time::sleep(BUSY).await;
    world.a.command(&["SCRIPT", "KILL"]);
    is_well.store(true, Ordering::SeqCst);
    let mut back = Vec::new();
    for caller in callers {
        back.push(caller.await.unwrap());
    }
    assert!(script.join().unwrap().is_err());
    let latest = back.iter().max().copied().unwrap();
    figure("server that was busy: used again after", back);
    assert!(latest <= BACK, "{latest:?}");
    let settings = world.settings();
    assert_eq!(settings.scope(whereabouts(logs)).await.unwrap(), "a");
}
