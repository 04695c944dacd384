//! A child whose parent has threads that wait.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use redis_components::{ComponentConfig, blocking};
use tokio::runtime::Builder;

use crate::calls::text;
use crate::child::{alone, in_child};
use crate::common::{World, declare, name_of_blocking};

/// So many runtimes have a thread that waits for work.
const RUNTIMES: usize = 64;
const CHILDREN: usize = 300;

/// tokio with its feature `parking_lot` lets them wait in a table of the whole process, and a child
/// has a copy of it.
#[test]
fn r12_a_child_is_not_held_up_by_threads_that_wait_in_its_parent() {
    let _alone = alone();
    let world = World::start();
    let logs = declare("logs", Duration::from_millis(100));
    world.move_to(logs, &world.a);
    let configs =
        [&world.a, &world.b].map(|server| ComponentConfig::new("127.0.0.1").port(server.port()));
    let runtimes = [(); RUNTIMES].map(|()| Builder::new_current_thread().build().unwrap());
    let all = Arc::new(Barrier::new(RUNTIMES + 1));
    for runtime in &runtimes {
        let all = Arc::clone(&all);
        runtime.spawn_blocking(move || all.wait());
    }
    all.wait();
    world.settings().scope_blocking(|| {
        let name = || {
            let mut connection = logs.blocking_connection().map_err(text)?;
            name_of_blocking(&mut connection).map_err(text)
        };
        name().unwrap();
        for _ in 0..CHILDREN {
            let names = in_child(|| {
                let mut names = String::new();
                for config in configs.iter().chain(&configs) {
                    blocking::set_config(logs, config).map_err(text)?;
                    names.push_str(&name()?);
                }
                Ok(names)
            });
            assert_eq!(names, "abab");
        }
    });
}
