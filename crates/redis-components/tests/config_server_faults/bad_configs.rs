//! A config that is gone, or cannot be used.

use redis_components::{Component, ErrorKind, status};
use redis_components_testing::Server;

use crate::common::cold::cold_errors;
use crate::common::impostors::refuses;
use crate::common::moves::Notice;
use crate::common::traffic::figure;
use crate::common::{World, always_fresh, declare, until, whereabouts};
use crate::{IN_FORCE, is_lost, is_on, undisturbed};

/// One way in which what the config server says cannot be used, and what `status()` says of it.
async fn is_undisturbed(
    world: &World,
    logs: &'static Component,
    spoil: impl FnOnce(),
    reason: &str,
) {
    world.move_to(logs, &world.a);
    assert_eq!(whereabouts(logs).await.unwrap(), "a");
    spoil();
    for _ in 0..20 {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
    }
    let problem = status().components[0].problem.clone().unwrap();
    assert!(
        problem.contains(reason),
        "{problem:?} does not say {reason:?}"
    );

    // And mended, it is followed.
    world.move_to(logs, &world.b);
    assert_eq!(whereabouts(logs).await.unwrap(), "b");
    assert_eq!(status().components[0].problem, None);
}

#[tokio::test]
async fn r5_a_config_that_cannot_be_used_leaves_the_component_where_it_was() {
    let world = World::start();
    let logs = always_fresh("logs");
    let key = logs.key();
    let refused = refuses();
    let locked = Server::start_with(&["--requirepass", "right"]);
    let with_password = |password: &str| {
        format!(
            r#"{{"host":"127.0.0.1","port":{},"password":"{password}"}}"#,
            locked.port()
        )
    };
    let values = [
        ("not json".to_owned(), "is not JSON"),
        (String::new(), "there is no config under"),
        ("[1]".to_owned(), "not a JSON object"),
        (r#"{"hots":"127.0.0.1"}"#.to_owned(), "did you mean `host`?"),
        (
            r#"{"host":"127.0.0.1","port":0}"#.to_owned(),
            "`port` must be",
        ),
        (
            r#"{"host":"127.0.0.1","ssl":true,"ssl_cert_reqs":"none"}"#.to_owned(),
            "demands that certificates",
        ),
        (
            format!(r#"{{"host":"127.0.0.1","port":{refused}}}"#),
            "onnection refused",
        ),
        (with_password("wrong"), "check `username` and `password`"),
        (locked.config(), "wants a password"),
        (
            format!(
                r#"{{"host":"127.0.0.1","port":{},"db":99}}"#,
                world.b.port()
            ),
            "cannot be used",
        ),
    ];
    world
        .settings()
        .scope(async {
            for (value, reason) in values {
                let spoil = || world.set(logs, &value);
                is_undisturbed(&world, logs, spoil, reason).await;
            }
            let delete = || drop(world.config.command(&["DEL", key]));
            is_undisturbed(&world, logs, delete, "there is no config under").await;
            let flush = || drop(world.config.command(&["FLUSHALL"]));
            is_undisturbed(&world, logs, flush, "there is no config under").await;
            let other_type = || {
                world.config.command(&["DEL", key]);
                world.config.command(&["LPUSH", key, "x"]);
            };
            is_undisturbed(&world, logs, other_type, "holds no string").await;
            world.set(logs, &with_password("right"));
            assert!(logs.connection().await.is_ok());
        })
        .await;
}

#[tokio::test]
async fn r8_a_config_that_cannot_be_used_is_refused_in_a_typed_error_without_its_values() {
    let world = World::start();
    let secret = "S3CR3T-7f";
    let values = [
        secret.to_owned(),
        format!("\"{secret}\""),
        format!(r#"{{"host":"h","password":"{secret}"#),
        format!(r#"{{"host":"h","password":["{secret}"]}}"#),
        format!(r#"{{"host":"h","password":{{"vault":"{secret}"}}}}"#),
        format!(r#"{{"host":"h","passwort":"{secret}"}}"#),
        format!(r#"{{"host":"h","port":"{secret}"}}"#),
        format!(r#"{{"host":"h","password":"{secret}","password":"{secret}"}}"#),
        format!(r#"{{"url":"redis://:{secret}@h:0"}}"#),
        format!(r#"{{"url":"rediss://:{secret}@h","ssl":false}}"#),
        format!(r#"{{"url":"{secret}"}}"#),
        format!(r#"{{"url":"redis://h","password":"{secret}"}}"#),
        format!(r#"{{"password":"{secret}"}}"#),
        format!(r#"{{"host":"","password":"{secret}"}}"#),
        format!(r#"{{"unix_socket_path":"{secret}"}}"#),
        format!(r#"{{"sentinels":["{secret}:0"],"service_name":"m"}}"#),
        format!(r#"{{"cluster":["{secret}:0"]}}"#),
        format!(r#"{{"host":"{}","comment":"{}"}}"#, "h", "x".repeat(70_000)),
        "\u{feff}{}".to_owned(),
        "[".repeat(100_000),
    ];
    for value in values {
        world.config.command(&["SET", "config:redis:logs", &value]);
        for error in cold_errors(world.settings(), ErrorKind::ConfigInvalid).await {
            assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
        }
    }
    world.config.command(&["DEL", "config:redis:logs"]);
    world.config.command(&["LPUSH", "config:redis:logs", "x"]);
    cold_errors(world.settings(), ErrorKind::ConfigInvalid).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_key_that_is_gone_fails_no_call_and_is_followed_when_it_is_back() {
    undisturbed(World::settings, async |world, moves, notice, _| {
        let component = declare("logs", Notice::Poll.wait());
        let mut back = Vec::new();
        for gone in [
            &["DEL", "config:redis:logs"][..],
            &["FLUSHALL"],
            &["PEXPIRE", "config:redis:logs", "1"],
        ] {
            world.config.command(gone);
            until("the loss is noticed", async || is_lost()).await;
            let to = moves.elsewhere();
            let set = moves.on();
            until("the new config is seen", async || {
                is_on(to, component).await
            })
            .await;
            back.push(set.elapsed());
        }
        assert!(back.iter().all(|back| *back <= IN_FORCE), "{back:?}");
        figure(&format!("{notice:?}: config that is back in force"), back);
    })
    .await;
}
