//! Sentinels that are of no use.

use redis_components::{ErrorKind, Policy};
use redis_components_testing::{Sentinels, Server};
use serde_json::json;

use crate::common::{World, always_fresh, arrives, until_blocking, whereabouts_blocking, with};
use crate::refused::{Refused, SILENT, is_refused};

fn one() -> redis_components_testing::SentinelsBuilder {
    Sentinels::builder().replicas(0).sentinels(1, 1)
}

#[tokio::test]
async fn r13_a_service_that_sentinels_do_not_know_is_named() {
    let sentinels = one().start();
    let place = format!("127.0.0.1:{}", sentinels.sentinel(0).port());
    let config = with(&sentinels.config(), &json!({"service_name": "nobody"}));
    let says = [
        "the primary of `nobody`, named by",
        &place,
        "check `service_name`",
    ];
    is_refused(&config, ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r13_logins_that_sentinels_refuse_name_their_own_fields() {
    let rights = ["&*", "+ping", "+sentinel"];
    let sentinels = one()
        .sentinel_password("watch-secret")
        .sentinel_user("watcher", "watcher-secret", &rights)
        .sentinel_user("visitor", "visitor-secret", &["-@all", "+ping"])
        .start();
    let place = format!("127.0.0.1:{}", sentinels.sentinel(0).port());
    for (login, reason, fields) in [
        (json!({}), "NOAUTH", "`sentinel_password`"),
        (
            json!({"password": "watch-secret"}),
            "NOAUTH",
            "`sentinel_password`",
        ),
        (
            json!({"sentinel_password": "wrong"}),
            "WRONGPASS",
            "`sentinel_password`",
        ),
        (
            json!({"sentinel_username": "watcher", "sentinel_password": "wrong"}),
            "WRONGPASS",
            "`sentinel_username`",
        ),
        (
            json!({"sentinel_username": "visitor", "sentinel_password": "visitor-secret"}),
            "NOPERM",
            "`sentinel_username`",
        ),
    ] {
        let config = with(&sentinels.config(), &login);
        let says = [&place, reason, fields];
        is_refused(&config, ErrorKind::ServerRefused, &says).await;
    }
}

#[tokio::test]
async fn r13_a_sentinel_that_is_a_server_says_what_to_do() {
    let sentinels = one().start();
    let place = format!("127.0.0.1:{}", sentinels.server(0).port());
    let config = json!({"sentinels": [place], "service_name": "main"}).to_string();
    let says = [&*place, "it is no sentinel; check `sentinels`"];
    is_refused(&config, ErrorKind::ServerRefused, &says).await;
}

#[tokio::test]
async fn r5_a_server_that_is_a_sentinel_says_what_to_do() {
    let sentinels = one().start();
    let sentinel = sentinels.sentinel(0).port();
    for db in [0, 2] {
        let config = json!({"host": "127.0.0.1", "port": sentinel, "db": db}).to_string();
        let place = format!("127.0.0.1:{sentinel}");
        let says = [
            &*place,
            "it is a sentinel, and no server of data; name it in `sentinels` with `service_name`",
        ];
        is_refused(&config, ErrorKind::ServerRefused, &says).await;
    }
}

#[tokio::test]
async fn r13_configs_of_sentinels_that_mean_nothing_are_refused() {
    let sentinels = one().start();
    let place = format!("127.0.0.1:{}", sentinels.sentinel(0).port());
    for (fields, says) in [
        (
            json!({"sentinels": []}),
            ["`sentinels` is empty", "name at least one server"],
        ),
        (
            json!({"sentinels": [format!("rediss://{place}")]}),
            [
                "server 1 of `sentinels` holds a url",
                "\"sentinel_ssl\": true",
            ],
        ),
        (
            json!({"service_name": null}),
            [
                "without `service_name`",
                "add the name that the sentinels know",
            ],
        ),
        (
            json!({"sentinels": null}),
            ["without `sentinels`", "add them"],
        ),
    ] {
        let config = with(&sentinels.config(), &fields);
        is_refused(&config, ErrorKind::ConfigInvalid, &says).await;
    }
}

/// Two sets know another primary by the same name, and all epochs are equal.
#[tokio::test]
async fn r13_sentinels_that_disagree_are_followed_where_most_agree() {
    let (set, strangers) = (Sentinels::start(), one().start());
    set.server(0).command(&["SET", "name", "most"]);
    strangers.server(0).command(&["SET", "name", "one"]);
    let ports = [strangers.sentinel(0), set.sentinel(0), set.sentinel(1)].map(Server::port);
    let addresses = ports.map(|port| format!("127.0.0.1:{port}"));
    let world = World::start();
    let logs = always_fresh("logs");
    let config = json!({"sentinels": addresses, "service_name": "main"});
    world.set(logs, &config.to_string());
    // If most are slow, the one that answers is believed until they do.
    world.settings().scope(arrives(logs, "most")).await;
    world.settings().scope_blocking(|| {
        until_blocking("most are believed", || {
            whereabouts_blocking(logs).unwrap() == "most"
        });
    });
}

#[tokio::test]
async fn r11_sentinels_that_the_policy_forbids_are_not_asked() {
    let sentinels = one().start();
    let world = World::start();
    let logs = always_fresh("logs");
    world.set(logs, &sentinels.config());
    let port = world.config.port();
    let policy = Policy::new()
        .allow_host("127.0.0.1")
        .allow_ports(port..=port);
    let settings = world.settings().policy(policy);
    let error = settings.scope(logs.connection()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ForbiddenByPolicy, "{error}");
    let place = format!("127.0.0.1:{}: ", sentinels.sentinel(0).port());
    assert!(error.to_string().contains(&place), "{error}");
}

#[tokio::test]
async fn r13_sentinels_that_are_down_are_all_named() {
    let sentinels = Sentinels::builder().replicas(0).sentinels(2, 1).start();
    let config = sentinels.config();
    let [one, two] =
        [0, 1].map(|index| format!("127.0.0.1:{}: ", sentinels.sentinel(index).port()));
    sentinels.sentinel(0).stop();
    sentinels.sentinel(1).freeze();
    let refused = Refused {
        config: &config,
        kind: ErrorKind::ServerUnreachable,
        says: &["the primary of `main`", &one, &two, "no answer"],
        patience: SILENT,
    };
    refused.check().await;
}
