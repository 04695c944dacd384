//! Blocking calls that wait when their component moves.

use std::thread;
use std::time::Duration;

use redis::{ConnectionLike as _, RedisResult, Value};
use redis_components::__private::AcquireDedicatedBlocking;
use redis_components::{Component, Error, ErrorKind, Scope, blocking};

use super::after_move::{Popped, push};
use crate::common::clients::blocked;
use crate::common::{World, config_with, declare, until_blocking, whereabouts_blocking};

fn pop_blocking(component: &'static Component) -> RedisResult<Popped> {
    let mut own = <blocking::Connection as AcquireDedicatedBlocking>::acquire(component, "pop")?;
    redis::cmd("BLPOP").arg("queue").arg(0).query(&mut own)
}

#[test]
fn r4_a_blocking_pop_that_waits_follows_the_component_and_takes_nothing_on_the_way() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world.settings().scope_blocking(|| {
        let popping = on_thread(|| pop_blocking(queue));
        until_blocking("it waits", || blocked(&world.a) == 1);
        for (server, other) in [(&world.b, &world.a), (&world.a, &world.b)] {
            world.move_to(queue, server);
            until_blocking("it waits there and nowhere else", || {
                blocked(server) == 1 && blocked(other) == 0
            });
        }
        push(&world.b, "old");
        push(&world.a, "new");
        let popped = popping.join().unwrap().unwrap();
        assert_eq!(popped, Some(("queue".to_owned(), "new".to_owned())));
        assert_eq!(world.b.command(&["LLEN", "queue"]), Value::Int(1));
    });
}

#[test]
fn r4_a_blocking_pop_that_cannot_be_unblocked_ends_at_the_drain_deadline_with_a_typed_error() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    let user = [
        "ACL", "SETUSER", "popper", "on", "nopass", "~*", "+@all", "-client",
    ];
    world.a.command(&user);
    world.set(
        queue,
        &config_with(world.a.port(), r#""username":"popper""#),
    );
    let settings = world.settings().drain_deadline(Duration::from_millis(300));
    settings.scope_blocking(|| {
        let popping = on_thread(|| pop_blocking(queue));
        until_blocking("it waits", || blocked(&world.a) == 1);
        world.move_to(queue, &world.b);
        let error = popping.join().unwrap().unwrap_err();
        let ours = Error::of(&error).unwrap_or_else(|| panic!("{error}"));
        assert_eq!(ours.kind(), ErrorKind::ComponentMoved, "{error}");
        until_blocking("it is gone", || blocked(&world.a) == 0);
    });
}

/// Runs a call on a thread, which a failing test does not wait for.
pub(super) fn on_thread<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let scope = Scope::current().unwrap();
    thread::spawn(move || scope.run_blocking(call))
}

#[test]
fn r4_a_blocking_pipeline_that_waits_ends_at_the_drain_deadline_with_a_typed_error() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    let settings = world.settings().drain_deadline(Duration::from_millis(300));
    settings.scope_blocking(|| {
        let popping = on_thread(|| -> RedisResult<(i64, Popped)> {
            let mut own =
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(queue, "pop")?;
            let mut pipeline = redis::pipe();
            pipeline.cmd("INCR").arg("begun");
            pipeline.cmd("BLPOP").arg("queue").arg(0);
            pipeline.query(&mut own)
        });
        until_blocking("it waits", || blocked(&world.a) == 1);
        world.move_to(queue, &world.b);
        until_blocking("it ends", || blocked(&world.a) == 0);
        let error = popping.join().unwrap().unwrap_err();
        let ours = Error::of(&error).unwrap_or_else(|| panic!("{error}"));
        assert_eq!(ours.kind(), ErrorKind::ComponentMoved, "{error}");
        // What was executed is not executed elsewhere.
        assert_eq!(world.b.command(&["GET", "begun"]), Value::Nil);
    });
}

/// Moves the component to and fro, more often than a pop may wait, until `has_ended`.
pub(super) fn move_on(world: &World, queue: &Component, has_ended: impl Fn() -> bool) {
    let mut servers = [(&world.b, "b"), (&world.a, "a")].into_iter().cycle();
    until_blocking("it ends", || {
        let (server, name) = servers.next().unwrap();
        world.move_to(queue, server);
        until_blocking("the component has moved", || {
            whereabouts_blocking(queue).unwrap() == name
        });
        thread::sleep(Duration::from_millis(700));
        has_ended()
    });
}

#[test]
fn r10_a_blocking_pop_that_follows_waits_no_longer_than_it_was_told() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world.settings().scope_blocking(|| {
        let popping = on_thread(|| -> RedisResult<Popped> {
            let mut own =
                <blocking::Connection as AcquireDedicatedBlocking>::acquire(queue, "pop")?;
            redis::cmd("BLPOP").arg("queue").arg(3).query(&mut own)
        });
        until_blocking("it waits", || blocked(&world.a) == 1);
        move_on(&world, queue, || popping.is_finished());
        assert_eq!(popping.join().unwrap().unwrap(), None);
    });
}

#[test]
fn r4_a_blocking_pop_that_is_told_to_stay_stays() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world.settings().scope_blocking(|| {
        type Own = blocking::Connection;
        let mut own = <Own as AcquireDedicatedBlocking>::acquire_staying(queue, "pop").unwrap();
        world.move_to(queue, &world.b);
        until_blocking("the component has moved", || {
            whereabouts_blocking(queue).unwrap() == "b"
        });
        push(&world.a, "old");
        let popped: Popped = redis::cmd("BLPOP")
            .arg("queue")
            .arg(0)
            .query(&mut own)
            .unwrap();
        assert_eq!(popped, Some(("queue".to_owned(), "old".to_owned())));
    });
}

#[test]
fn r4_a_blocking_command_that_is_only_slow_is_left_alone_when_its_component_moves() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    let settings = world.settings().drain_deadline(Duration::from_millis(100));
    settings.scope_blocking(|| {
        let mut own =
            <blocking::Connection as AcquireDedicatedBlocking>::acquire(queue, "pop").unwrap();
        // As an operator does who moves a server.
        world.a.command(&["CLIENT", "PAUSE", "2500", "WRITE"]);
        world.move_to(queue, &world.b);
        until_blocking("the component has moved", || {
            whereabouts_blocking(queue).unwrap() == "b"
        });
        let made: i64 = redis::cmd("INCR").arg("made").query(&mut own).unwrap();
        assert_eq!(made, 1);
        redis::cmd("SELECT").arg(1).exec(&mut own).unwrap();
        let popped: Popped = redis::cmd("BLPOP")
            .arg("none")
            .arg(0.01)
            .query(&mut own)
            .unwrap();
        assert_eq!(popped, None);
    });
}

#[test]
fn r4_a_command_after_a_raw_one_is_not_taken_for_the_first_of_its_connection() {
    let world = World::start();
    let queue = declare("queue", Duration::from_secs(1));
    world.move_to(queue, &world.a);
    world.settings().scope_blocking(|| {
        let mut connection = queue.blocking_connection().unwrap();
        let get = redis::cmd("GET").arg("name").get_packed_command();
        let name = connection.req_packed_command(&get).unwrap();
        assert_eq!(name, Value::BulkString(b"a".into()));
        world.move_to(queue, &world.b);
        until_blocking("the component has moved", || {
            whereabouts_blocking(queue).unwrap() == "b"
        });
        let port = world.config.port().to_string();
        world.a.command(&["REPLICAOF", "127.0.0.1", &port]);
        let set = redis::cmd("SET").arg("made").arg(1).exec(&mut connection);
        assert_eq!(set.unwrap_err().code(), Some("READONLY"));
        // The other server has other data.
        assert_eq!(world.b.command(&["EXISTS", "made"]), Value::Int(0));
    });
}
