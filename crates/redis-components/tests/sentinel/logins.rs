//! The login to sentinels, which is not that to the data.

use std::time::{Duration, Instant};

use redis_components::{ErrorKind, Settings};
use redis_components_testing::{Sentinels, Server, Tls};
use serde_json::{Value, json};

use crate::common::{HOUR, World, count, declare, patient, until, whereabouts};
use crate::fake::Fake;
use crate::set_up::{command_all, config_with, first_switch, has_moved, in_force};

/// Sentinels that let `app` do what a client of theirs needs. `channel` says what it may subscribe
/// to.
fn start(channel: &str) -> Sentinels {
    let rights = [
        channel,
        "-@all",
        "+ping",
        "+subscribe",
        "+sentinel|master",
        "+sentinel|sentinels",
        "+sentinel|replicas",
        "+sentinel|get-master-addr-by-name",
    ];
    let builder = Sentinels::builder().sentinel_user("app", "secret", &rights);
    builder.start()
}

fn login() -> Value {
    json!({"sentinel_username": "app", "sentinel_password": "secret"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_switch_that_nobody_heard_is_found_by_asking() {
    let config = Server::start();
    // A subscription is refused, and all else allowed.
    let world = start("resetchannels");
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &config_with(&world, &login())]);
    patient(Settings::new(config.url()))
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            let switched = first_switch(&world);
            world.begin_failover();
            has_moved(&world, logs).await;
            let late = switched.try_recv().unwrap().elapsed();
            println!("figure: {late:?} after the first event, which was not heard");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_fail_over_while_no_sentinel_is_reached_is_found_when_one_is() {
    let config = Server::start();
    let world = start("&+switch-master");
    let logs = declare("logs", HOUR);
    config.command(&["SET", logs.key(), &config_with(&world, &login())]);
    patient(Settings::new(config.url()))
        .scope(async {
            assert_eq!(count(logs).await.unwrap(), 1);
            command_all(&world, &["ACL", "SETUSER", "app", "off"]);
            command_all(&world, &["CLIENT", "KILL", "USER", "app"]);
            world.begin_failover();
            until("the sentinels agree", async || {
                world.current_primary().is_some_and(|primary| primary != 0)
            })
            .await;
            assert_eq!(in_force().1, 1);
            command_all(&world, &["ACL", "SETUSER", "app", "on"]);
            let restored = Instant::now();
            until("the component follows", async || {
                in_force().1 == 2 || count(logs).await.is_err()
            })
            .await;
            has_moved(&world, logs).await;
            println!(
                "figure: {:?} after sentinels are reached",
                restored.elapsed()
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_wrong_password_for_sentinels_is_a_typed_error() {
    let config = Server::start();
    let world = start("&+switch-master");
    let logs = declare("logs", HOUR);
    let wrong = json!({"sentinel_username": "app", "sentinel_password": "S3cret"});
    config.command(&["SET", logs.key(), &config_with(&world, &wrong)]);
    patient(Settings::new(config.url()))
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ServerRefused);
            let text = error.to_string();
            let port = world.sentinel(0).port();
            assert!(text.contains(&format!("127.0.0.1:{port}: ")), "{text}");
            assert!(text.contains("WRONGPASS"), "{text}");
            assert!(!text.contains("S3cret"), "{text}");
            // Put right, it works.
            config.command(&["SET", logs.key(), &config_with(&world, &login())]);
            until("calls succeed", async || count(logs).await.is_ok()).await;
        })
        .await;
}

#[tokio::test]
async fn r8_sentinels_never_get_the_login_to_the_data() {
    let world = World::start();
    world.a.command(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">DataSecret",
        "+@all",
        "~*",
    ]);
    let (fake, port) = Fake::start();
    fake.name("127.0.0.1", world.a.port(), 1);
    let logs = declare("logs", HOUR);
    let value = format!(
        r#"{{"sentinels":[["127.0.0.1",{port}]],"service_name":"main","username":"reader","password":"DataSecret",
            "sentinel_kwargs":{{"password":"ForSentinels"}}}}"#
    );
    world.set(logs, &value);
    world
        .settings()
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            tokio::time::sleep(Duration::from_millis(100)).await;
            let heard = fake.heard();
            assert!(heard.contains("ForSentinels"), "{heard}");
            assert!(
                !heard.contains("DataSecret") && !heard.contains("reader"),
                "{heard}"
            );
        })
        .await;
}

#[tokio::test]
async fn r13_a_user_who_may_not_ask_for_the_role_is_served() {
    for rights in ["-role", "-role -info"] {
        let world = World::start();
        let mut words = vec!["ACL", "SETUSER", "reader", "on", ">p", "~*", "+@all"];
        words.extend(rights.split(' '));
        world.a.command(&words);
        let (fake, port) = Fake::start();
        fake.name("127.0.0.1", world.a.port(), 1);
        let logs = declare("logs", HOUR);
        let value = format!(
            r#"{{"sentinels":[["127.0.0.1",{port}]],"service_name":"main","username":"reader","password":"p"}}"#
        );
        world.set(logs, &value);
        world
            .settings()
            .scope(async { assert_eq!(whereabouts(logs).await.unwrap(), "a") })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_sentinels_are_reached_over_tls() {
    let config = Server::start();
    let tls = Tls::new();
    let world = Sentinels::builder().tls_of_sentinels(&tls).start();
    let logs = declare("logs", HOUR);
    let untrusted = config_with(&world, &json!({ "sentinel_ssl_ca_certs": null }));
    config.command(&["SET", logs.key(), &untrusted]);
    patient(Settings::new(config.url()))
        .scope(async {
            let error = logs.connection().await.unwrap_err();
            assert!(error.to_string().contains("signed by nobody"), "{error}");
            config.command(&["SET", logs.key(), &world.config()]);
            until("calls succeed", async || count(logs).await.is_ok()).await;
            world.begin_failover();
            has_moved(&world, logs).await;
        })
        .await;
}
