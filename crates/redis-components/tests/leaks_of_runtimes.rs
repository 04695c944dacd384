//! R3: nothing of a runtime is kept when it has ended. Alone in its file, because it counts what the
//! whole process has open.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use common::{HOUR, World, declare, until_blocking, whereabouts};
use redis_components::Scope;
use tokio::runtime::Builder;

/// How many files and sockets this process has open.
fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}

#[test]
fn r3_100_runtimes_leave_no_file_although_connections_may_grow_old() {
    let world = World::start();
    let logs = declare("logs", HOUR);
    world.move_to(logs, &world.a);
    let settings = world.settings().max_connection_age(HOUR);
    settings.scope_blocking(|| {
        let call = || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let call = Scope::current().unwrap().run(whereabouts(logs));
            assert_eq!(runtime.block_on(call).unwrap(), "a");
        };
        call();
        let before = descriptors();
        (0..100).for_each(|_| call());
        // The last runtime's client is still known, as the first one's was.
        until_blocking("nothing is left", || descriptors() <= before + 3);
    });
}
