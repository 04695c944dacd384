//! Passwords in files change.

use std::time::Duration;

use redis::aio::ConnectionLike;
use redis_components::__private::AcquireDedicated;
use redis_components::{Component, Connection, Settings, get_config};
use redis_components_testing::Server;

use crate::common::clients::blocked;
use crate::common::traffic::{STEADY, Traffic, failures};
use crate::common::{
    HOUR, World, always_fresh, counter, declare, name_of, name_of_blocking, patient, until,
    whereabouts, whereabouts_blocking,
};
use crate::secret_file::{Mount, add_password, app_config, remove_password};
use crate::{generation, log, problem};

fn is_of_a_closed_connection(error: &str) -> bool {
    let texts = ["broken pipe", "unexpected end of file", "reset"];
    texts.iter().any(|text| error.contains(text))
}

/// Calls until no connection is in the way that has just been closed.
async fn by_task(component: &Component) -> Result<String, String> {
    let call = async || {
        let connection = component.connection().await;
        let mut connection = connection.map_err(|error| error.to_string())?;
        let name = name_of(&mut connection).await;
        name.map_err(|error| error.to_string())
    };
    let mut named = call().await;
    while named
        .as_ref()
        .is_err_and(|error| is_of_a_closed_connection(error))
    {
        named = call().await;
    }
    named
}

fn by_thread(component: &Component) -> Result<String, String> {
    let call = || {
        let connection = component.blocking_connection();
        let mut connection = connection.map_err(|error| error.to_string())?;
        name_of_blocking(&mut connection).map_err(|error| error.to_string())
    };
    let mut named = call();
    while named
        .as_ref()
        .is_err_and(|error| is_of_a_closed_connection(error))
    {
        named = call();
    }
    named
}

/// How often a password is rotated under load.
const ROTATIONS: u64 = 5;

/// Rotates the password of `app` under load: the server takes both while the file changes.
async fn rotates_under_load(world: &World, logs: &'static Component, change: impl Fn(u64, &str)) {
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(100).await;
            for number in 1..=ROTATIONS {
                let new = format!("pw-{number}");
                add_password(&world.a, &new);
                change(number, &new);
                until("the rotation is followed", async || {
                    generation() == number + 1
                })
                .await;
                remove_password(&world.a, &format!("pw-{}", number - 1));
                traffic.goes_on(100).await;
            }
            let calls = traffic.stop().await;
            assert_eq!(failures(&calls), [""; 0]);
            assert_eq!(counter(&world.a), calls.len() as u64);
            assert_eq!(generation(), ROTATIONS + 1);
            println!("figure: {} calls, none failed", calls.len());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_password_in_a_file_is_rotated_under_load_and_no_call_fails() {
    log::listen();
    let world = World::start();
    let mount = Mount::new();
    mount.write("password", "pw-0\n");
    add_password(&world.a, "pw-0");
    let logs = declare("rotated", HOUR);
    world.set(logs, &app_config(&world.a, &mount, "password"));
    let change = |number: u64, new: &str| {
        if number.is_multiple_of(2) {
            mount.write("password", new);
        } else {
            mount.replace("password", new);
        }
    };
    rotates_under_load(&world, logs, change).await;
    let told = log::lines(&["config in force", "component=rotated ", "reason=rotation"]);
    assert_eq!(told.len() as u64, ROTATIONS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_mounted_secret_is_rotated_under_load_and_no_call_fails() {
    let world = World::start();
    let mount = Mount::new();
    mount.mount("version-0", &[("password", "pw-0"), ("other", "same")]);
    add_password(&world.a, "pw-0");
    let logs = declare("logs", HOUR);
    world.set(logs, &app_config(&world.a, &mount, "password"));
    let change = |number: u64, new: &str| {
        let version = format!("version-{number}");
        mount.mount(&version, &[("password", new), ("other", "same")]);
    };
    rotates_under_load(&world, logs, change).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_login_that_is_refused_has_the_file_read_again_before_a_call_fails() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("password", "pw-0");
    add_password(&world.a, "pw-0");
    let logs = declare("logs", HOUR);
    world.set(logs, &app_config(&world.a, &mount, "password"));
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            for number in 1..=2 * ROTATIONS {
                // The server takes one password only, and nobody is connected any more.
                world.a.command(&["ACL", "SETUSER", "app", "resetpass"]);
                add_password(&world.a, &format!("pw-{number}"));
                mount.replace("password", &format!("pw-{number}"));
                world.a.command(&["CLIENT", "KILL", "USER", "app"]);
                let gone = || world.a.command(&["CLIENT", "LIST"]);
                until("the connections are gone", async || {
                    !format!("{:?}", gone()).contains("user=app")
                })
                .await;
                let named = if number.is_multiple_of(2) {
                    [by_task(logs).await, by_thread(logs)]
                } else {
                    let thread = by_thread(logs);
                    [by_task(logs).await, thread]
                };
                for name in named {
                    assert_eq!(name.unwrap(), "a", "rotation {number}");
                }
            }
            assert_eq!(problem(), None);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_file_that_is_gone_leaves_the_last_password_in_use() {
    log::listen();
    let world = World::start();
    let mount = Mount::new();
    mount.write("gone", "pw-0");
    add_password(&world.a, "pw-0");
    let logs = declare("logs", HOUR);
    world.set(logs, &app_config(&world.a, &mount, "gone"));
    let place = format!("127.0.0.1:{}", world.a.port());
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            std::fs::remove_file(mount.path("gone")).unwrap();
            until("the problem is shown", async || problem().is_some()).await;
            let problem = problem().unwrap();
            for part in ["`password` names the file", logs.key(), &place] {
                assert!(problem.contains(part), "{part}: {problem}");
            }
            let path = mount.path("gone");
            let path = path.to_str().unwrap();
            log::is_told(&["what a config refers to cannot be read", path]).await;
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            // A client that is made now has it too.
            assert_eq!(whereabouts_blocking(logs).unwrap(), "a");
            mount.write("gone", "pw-0");
            until("the problem is over", async || crate::problem().is_none()).await;
            assert_eq!(generation(), 1);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_call_that_waits_goes_on_waiting_while_a_password_is_rotated() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("password", "pw-0");
    add_password(&world.a, "pw-0");
    add_password(&world.a, "pw-1");
    let logs = declare("logs", HOUR);
    world.set(logs, &app_config(&world.a, &mount, "password"));
    let settings = world.settings();
    settings
        .drain_deadline(Duration::ZERO)
        .cut_at_drain_deadline(true)
        .scope(async {
            let mut connection = <Connection as AcquireDedicated>::acquire(logs, "pop")
                .await
                .unwrap();
            let mut pop = redis::cmd("BLPOP");
            pop.arg("list").arg(0);
            let waits = async { connection.req_packed_command(&pop).await };
            let rotates = async {
                until("the call waits", async || blocked(&world.a) == 1).await;
                mount.write("password", "pw-1");
                until("the rotation is followed", async || generation() == 2).await;
                mount.write("password", "pw-0");
                until("the next one is followed", async || generation() == 3).await;
                world.a.command(&["RPUSH", "list", "x"]);
            };
            let (popped, ()) = tokio::join!(waits, rotates);
            let popped: (String, String) = redis::from_redis_value(popped.unwrap()).unwrap();
            assert_eq!(popped.1, "x");
            assert_eq!(world.a.command_calls("blpop"), 1);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_call_that_waits_follows_a_move_after_a_rotation() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("password", "pw-0");
    add_password(&world.a, "pw-0");
    add_password(&world.a, "pw-1");
    let logs = declare("logs", HOUR);
    world.set(logs, &app_config(&world.a, &mount, "password"));
    world
        .settings()
        .scope(async {
            let mut connection = <Connection as AcquireDedicated>::acquire(logs, "pop")
                .await
                .unwrap();
            let mut pop = redis::cmd("BLPOP");
            pop.arg("list").arg(0);
            let waits = async { connection.req_packed_command(&pop).await };
            let moves = async {
                until("the call waits", async || blocked(&world.a) == 1).await;
                mount.write("password", "pw-1");
                until("the rotation is followed", async || generation() == 2).await;
                world.move_to(logs, &world.b);
                until("the call waits there", async || {
                    assert!(whereabouts(logs).await.is_ok());
                    blocked(&world.b) == 1
                })
                .await;
                world.b.command(&["RPUSH", "list", "y"]);
            };
            let (popped, ()) = tokio::join!(waits, moves);
            let popped: (String, String) = redis::from_redis_value(popped.unwrap()).unwrap();
            assert_eq!(popped.1, "y");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_component_that_nobody_calls_follows_a_rotation() {
    let world = World::start();
    let mount = Mount::new();
    mount.write("password", "pw-0");
    add_password(&world.a, "pw-0");
    let logs = always_fresh("logs");
    world.set(logs, &app_config(&world.a, &mount, "password"));
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            add_password(&world.a, "pw-1");
            mount.write("password", "pw-1");
            until("the rotation is followed", async || generation() == 2).await;
            let config = get_config(logs).await.unwrap().to_json();
            assert!(config.contains("\"file\""), "{config}");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_the_password_of_a_fixed_config_is_rotated() {
    let server = Server::start();
    server.command(&["SET", "name", "fixed"]);
    let mount = Mount::new();
    mount.write("password", "pw-0");
    add_password(&server, "pw-0");
    let logs = declare("logs", HOUR);
    patient(Settings::fixed([(
        "logs",
        app_config(&server, &mount, "password"),
    )]))
    .scope(async {
        assert_eq!(whereabouts(logs).await.unwrap(), "fixed");
        add_password(&server, "pw-1");
        mount.replace("password", "pw-1");
        until("the rotation is followed", async || {
            assert_eq!(whereabouts(logs).await.unwrap(), "fixed");
            generation() == 2
        })
        .await;
    })
    .await;
}
