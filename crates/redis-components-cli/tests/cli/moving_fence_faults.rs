//! R15: what goes wrong behind the fence of a server without `FAILOVER`.

use crate::common::wait_until;
use crate::load::{Load, World};
use crate::moving_fence::{CLOSED, OPTION, fence, note_fence, prepared, set, world};

#[test]
fn r15_a_new_server_that_was_started_again_takes_no_refused_write() {
    // Behind a fence, and as a replica.
    for (world, is_fenced) in [(world(), true), (World::start(), false)] {
        let load = Load::start(&world.config);
        load.goes_on();
        let to = world.address(1);
        let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
        world.operator.done(&words);
        let [source, target] = &world.servers;
        if is_fenced {
            note_fence(&world, "0");
        }
        // It has forgotten that it is a replica, and has an old copy.
        target.restart();
        let counted = || {
            let counters = ["MGET", "counter:0", "counter:1", "counter:2", "counter:3"];
            redis::from_redis_value::<Vec<Option<u64>>>(target.command(&counters)).unwrap()
        };
        let before = counted();
        if is_fenced {
            set(source, OPTION, CLOSED);
        } else {
            source.command(&["REPLICAOF", "127.0.0.1", "1"]);
        }
        wait_until("callers look at it", || {
            let stats = target.command(&["INFO", "commandstats"]);
            let stats: String = redis::from_redis_value(stats).unwrap();
            let mut lines = stats.lines();
            let asked = lines.find_map(|line| line.strip_prefix("cmdstat_info:calls="));
            let asked = asked.and_then(|line| line.split(',').next()?.parse::<u64>().ok());
            asked.is_some_and(|asked| asked > 1000) || counted() != before
        });
        assert_eq!(counted(), before);
        if is_fenced {
            assert_eq!(world.state(), "fenced");
        } else {
            source.command(&["REPLICAOF", "NO", "ONE"]);
        }
        let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
        assert_eq!(moved["state"], "committed", "{moved:#}");
        world.is_on(1);
        load.goes_on();
        load.end(target);
    }
}

/// One with an old copy on its disk is no better: it goes back to where it was, and copies anew.
#[test]
fn r15_a_new_server_that_comes_back_with_an_old_copy_gets_a_new_one() {
    let world = world();
    let to = world.address(1);
    let words = ["move", "logs", "--to", &to, "--until", "prepared", "--yes"];
    world.operator.done(&words);
    note_fence(&world, "0");
    let [source, target] = &world.servers;
    target.command(&["SAVE"]);
    source.command(&["SET", "later", "write"]);
    set(source, OPTION, CLOSED);
    target.restart();
    let keys = target.command(&["DBSIZE"]);
    assert_eq!(redis::from_redis_value::<u64>(keys).unwrap(), 1);
    assert_eq!(world.state(), "fenced");
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);
    let later = target.command(&["GET", "later"]);
    assert_eq!(redis::from_redis_value::<String>(later).unwrap(), "write");
    assert_eq!(world.servers.each_ref().map(fence), ["0", "0"]);
}

#[test]
fn r15_a_new_server_that_follows_with_other_data_does_not_take_over_behind_the_fence() {
    let world = prepared();
    note_fence(&world, "0");
    let [source, target] = &world.servers;
    source.command(&["REPLICAOF", "127.0.0.1", "1"]);
    // It has come further than the source, in a stream of its own.
    target.command(&["REPLICAOF", "NO", "ONE"]);
    target.command(&["FLUSHALL"]);
    let value = "x".repeat(10_000);
    target.command(&["SET", "of", &value]);
    target.command(&["REPLICAOF", "127.0.0.1", &source.port().to_string()]);
    assert_eq!(world.state(), "fenced");
    let moved = world.operator.data(&["move", "logs", "--resume", "--yes"]);
    assert_eq!(moved["state"], "committed", "{moved:#}");
    world.is_on(1);
}
