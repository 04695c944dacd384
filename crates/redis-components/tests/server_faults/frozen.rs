//! A server that does not answer.

use std::time::{Duration, Instant};

use redis::RedisResult;
use redis_components::{Scope, status};
use redis_components_testing::Proxy;

use crate::common::moves::{LATE, Moves, Notice};
use crate::common::traffic::{Call, Caller, STEADY, Traffic, figure};
use crate::common::{
    SOON, World, always_fresh, declare, name_of, until, whereabouts, whereabouts_blocking,
};
use crate::{CONNECT_TIMEOUT, RESPONSE_TIMEOUT, is_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_frozen_server_holds_no_call_for_long_and_none_once_the_component_has_moved() {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = declare("logs", notice.wait());
        let mut moves = Moves::of(&world, logs);
        moves.to("a");
        notice
            .apply(world.default_settings())
            .scope(async {
                let traffic = Traffic::start(logs, STEADY);
                traffic.goes_on(500).await;
                world.a.freeze();
                // All ten callers run into it, and some again.
                traffic.goes_on(25).await;
                let moved = moves.to("b");
                traffic.goes_on(500).await;
                world.a.thaw();
                let calls = traffic.stop().await;
                for call in &calls {
                    let bound = match call.caller {
                        // It may be the first to find that the client is given up, and waits for
                        // another.
                        Caller::Task => RESPONSE_TIMEOUT + CONNECT_TIMEOUT,
                        // It finds its connection frozen, a second one cannot be opened, nor can
                        // another pool.
                        Caller::Thread => RESPONSE_TIMEOUT + 2 * CONNECT_TIMEOUT,
                    };
                    assert!(call.took() <= bound + LATE, "{call:?}");
                    if call.begun > moved + notice.bound() {
                        assert_eq!(call.outcome.as_deref(), Ok("b"));
                    }
                }
                let frozen = calls.iter().filter(|call| call.outcome.is_err());
                figure("frozen server: calls took", frozen.map(Call::took));
                let first = calls
                    .iter()
                    .filter(|call| call.outcome.as_deref() == Ok("b"))
                    .map(|call| call.ended - moved)
                    .min();
                figure("frozen server: first call elsewhere after", first);
            })
            .await;
    }
}

/// A call whose server is silent, and so is the one that its component has moved to, must not try
/// them in turns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_two_frozen_servers_hold_no_call_for_long() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    let mut moves = Moves::of(&world, logs);
    moves.to("a");
    world
        .default_settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(500).await;
            world.a.freeze();
            world.b.freeze();
            traffic.goes_on(25).await;
            moves.to("b");
            // A call that tried them in turns would last as long.
            tokio::time::sleep(10 * CONNECT_TIMEOUT).await;
            world.a.thaw();
            world.b.thaw();
            until("calls succeed", async || is_on("b", logs).await).await;
            let calls = traffic.stop().await;
            for call in &calls {
                let bound = match call.caller {
                    // It waits once for each of the two.
                    Caller::Task => RESPONSE_TIMEOUT + 2 * CONNECT_TIMEOUT,
                    // And before, for one more connection beside a frozen one.
                    Caller::Thread => RESPONSE_TIMEOUT + 3 * CONNECT_TIMEOUT,
                };
                assert!(call.took() <= bound + LATE, "{call:?}");
            }
            let failed = calls.iter().filter(|call| call.outcome.is_err());
            figure("two frozen servers: calls took", failed.map(Call::took));
        })
        .await;
}

/// Once an attempt has failed its server is known to be down: calls must not wait for the attempts
/// that follow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_frozen_server_that_is_known_to_be_down_fails_calls_fast() {
    let world = World::start();
    let logs = declare("logs", Notice::Push.wait());
    world.move_to(logs, &world.a);
    world
        .default_settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(500).await;
            world.a.freeze();
            until("the server is known to be down", async || {
                status().components[0].problem.is_some()
            })
            .await;
            // By then tasks and threads have both found it out.
            tokio::time::sleep(CONNECT_TIMEOUT + RESPONSE_TIMEOUT).await;
            let known = Instant::now();
            tokio::time::sleep(3 * CONNECT_TIMEOUT).await;
            let thawed = Instant::now();
            world.a.thaw();
            let calls = traffic.stop().await;
            let failed = calls
                .iter()
                .filter(|call| call.begun > known && call.ended < thawed);
            figure(
                "frozen server that is known to be: calls took",
                failed.map(Call::took),
            );
            // Calls that waited for attempts would take most of the callers' time, however busy the
            // machine is.
            let within = calls
                .iter()
                .map(|call| call.ended.min(thawed).duration_since(call.begun.max(known)));
            let callers = u32::try_from(STEADY.tasks + STEADY.threads).unwrap();
            let (in_calls, all) = (within.sum::<Duration>(), callers * (thawed - known));
            assert!(2 * in_calls < all, "{in_calls:?} of {all:?}");
        })
        .await;
}

#[test]
fn r10_a_frozen_server_holds_a_blocking_call_for_the_response_timeout_and_its_connection_is_dropped()
 {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.default_settings().scope_blocking(|| {
        assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
        world.a.freeze();
        let mut connection = logs.blocking_connection().unwrap();
        let begun = Instant::now();
        let answer: RedisResult<String> = redis::cmd("ECHO").arg("first").query(&mut connection);
        assert!(answer.unwrap_err().is_timeout());
        let took = begun.elapsed();
        assert!(
            (RESPONSE_TIMEOUT..RESPONSE_TIMEOUT + LATE).contains(&took),
            "{took:?}"
        );
        figure("frozen server: a blocking call took", [took]);
        world.a.thaw();
        // Its answer comes now, and must not be taken for that of the next.
        let again: RedisResult<String> = redis::cmd("ECHO").arg("again").query(&mut connection);
        assert!(again.is_err(), "{again:?}");
        drop(connection);
        let mut connection = logs.blocking_connection().unwrap();
        let answer: String = redis::cmd("ECHO")
            .arg("next")
            .query(&mut connection)
            .unwrap();
        assert_eq!(answer, "next");
    });
}

/// The callers that found the first move wait for a server that does not answer; the second must
/// reach them, although nobody else calls.
#[tokio::test]
async fn r1_a_move_reaches_callers_who_wait_for_a_server_that_does_not_answer() {
    for notice in Notice::BOTH {
        let world = World::start();
        let logs = declare("logs", notice.wait());
        let hole = Proxy::to(&world.a);
        hole.hold();
        world.set(logs, &hole.config());
        let settings = notice.apply(world.default_settings());
        let told = settings.connect_timeout(SOON).scope(async {
            let waiting = tokio::spawn(Scope::wrap(whereabouts(logs)));
            let blocking = tokio::task::spawn_blocking({
                let scope = Scope::current().unwrap();
                move || scope.run_blocking(|| whereabouts_blocking(logs))
            });
            until("both wait", async || hole.accepted() == 2).await;
            world.move_to(logs, &world.b);
            let moved = Instant::now();
            assert_eq!(waiting.await.unwrap().unwrap(), "b");
            assert_eq!(blocking.await.unwrap().unwrap(), "b");
            let told = moved.elapsed();
            assert!(told <= notice.bound() + CONNECT_TIMEOUT, "{told:?}");
            figure("a move reaches callers who wait after", [told]);
        });
        told.await;
    }
}

#[tokio::test]
async fn r10_a_frozen_server_holds_a_call_for_no_longer_than_the_response_timeout() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world
        .default_settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.a.freeze();
            let begun = Instant::now();
            let mut connection = logs.connection().await.unwrap();
            assert!(name_of(&mut connection).await.unwrap_err().is_timeout());
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
            // And moved away, the component goes on at once.
            world.move_to(logs, &world.b);
            assert_eq!(whereabouts(logs).await.unwrap(), "b");
            world.a.thaw();
        })
        .await;
}
