//! Calls that outlast their server.

use std::time::Duration;

use crate::common::in_flight::{hold, release, waiting};
use crate::common::{World, always_fresh, until, whereabouts};

const DEADLINE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn r4_calls_that_outlast_the_drain_deadline_go_on_unless_they_are_to_be_cut() {
    for cut in [false, true] {
        let world = World::start();
        let logs = always_fresh("logs");
        world.move_to(logs, &world.a);
        let settings = world.settings().drain_deadline(DEADLINE);
        settings
            .cut_at_drain_deadline(cut)
            .scope(async {
                let mut connection = logs.connection().await.unwrap();
                let call = tokio::spawn(async move { hold(&mut connection).await });
                until("the call is on a", async || waiting(&world.a) == 1).await;
                world.move_to(logs, &world.b);
                assert_eq!(whereabouts(logs).await.unwrap(), "b");
                if cut {
                    let error = call.await.unwrap().unwrap_err();
                    assert!(error.is_connection_dropped(), "{error}");
                    until("a is empty", async || world.a.connected_clients() == 0).await;
                } else {
                    // There is nothing to see when the deadline passes.
                    tokio::time::sleep(5 * DEADLINE).await;
                    release(&world.a);
                    assert_eq!(call.await.unwrap().unwrap(), 0);
                }
            })
            .await;
    }
}
