//! Processes that are forked.

use std::time::Duration;

use redis_components::blocking::shutdown;

use crate::board::{keys, members, receipts, settings};
use crate::child::{Child, alone};
use crate::common::{SOON, World, declare, until_blocking, whereabouts_blocking};

const WAIT: Duration = Duration::from_millis(20);

#[test]
fn r12_a_forked_child_has_a_receipt_of_its_own_and_leaves_its_parents() {
    let _alone = alone();
    let world = World::start();
    let logs = declare("logs", WAIT);
    world.move_to(logs, &world.a);
    let app = "forked";
    settings(&world, app).scope_blocking(|| {
        whereabouts_blocking(logs).unwrap();
        until_blocking("the parent reports", || keys(&world.config).len() == 1);
        let parents = keys(&world.config);
        let child = Child::fork(|| {
            whereabouts_blocking(logs).map_err(|error| error.to_string())?;
            let deadline = std::time::Instant::now() + SOON;
            // The parent has seen it if the key that it sets is there.
            while std::time::Instant::now() < deadline {
                let mut connection = logs
                    .blocking_connection()
                    .map_err(|error| error.to_string())?;
                let seen: bool = redis::cmd("EXISTS")
                    .arg("seen")
                    .query(&mut connection)
                    .map_err(|error| error.to_string())?;
                if seen {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            let left = shutdown(SOON).map_err(|error| error.to_string())?;
            Ok(format!("{} {left}", std::process::id()))
        });
        until_blocking("the child reports", || {
            receipts(&world.config, app).len() == 2
        });
        let mut pids: Vec<u32> = receipts(&world.config, app)
            .iter()
            .map(|receipt| receipt.process().pid())
            .collect();
        pids.retain(|pid| *pid != std::process::id());
        world.a.command(&["SET", "seen", "1"]);
        assert_eq!(child.join(), format!("{} 0", pids[0]));
        assert_eq!(keys(&world.config), parents);
        assert_eq!(members(&world.config).len(), 1);
        shutdown(SOON).unwrap();
        assert_eq!(keys(&world.config), [""; 0]);
    });
}
