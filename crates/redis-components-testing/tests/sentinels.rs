//! What tests may rely on when they start sentinels.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use redis_components_testing::{Sentinels, Server, Tls};

/// Ten times what it takes.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// Sentinels that soon suspect a server.
fn watchful() -> Sentinels {
    let silence = Duration::from_secs(1);
    Sentinels::builder().down_after(silence).start()
}

fn named_port(sentinel: &Server) -> u16 {
    let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"];
    let (_, port): (String, u16) = redis::from_redis_value(sentinel.command(&command)).unwrap();
    port
}

fn role(server: &Server) -> String {
    let answer = redis::from_redis_value::<Vec<redis::Value>>(server.command(&["ROLE"])).unwrap();
    redis::from_redis_value(answer[0].clone()).unwrap()
}

#[test]
fn sentinels_name_the_primary_and_its_config_names_them() {
    let begin = Instant::now();
    let sentinels = Sentinels::start();
    let ready = begin.elapsed();
    println!("1 + 2 + 3 ready after {ready:?}");
    assert!(ready < READY_WITHIN, "{ready:?}");
    assert_eq!(sentinels.primary(), 0);
    let ports: Vec<u16> = sentinels.sentinels().iter().map(Server::port).collect();
    let config = format!(
        r#"{{"sentinels":["127.0.0.1:{}","127.0.0.1:{}","127.0.0.1:{}"],"service_name":"main"}}"#,
        ports[0], ports[1], ports[2]
    );
    assert_eq!(sentinels.config(), config);
    let roles: Vec<String> = sentinels.servers().iter().map(role).collect();
    assert_eq!(roles, ["master", "slave", "slave"]);
}

#[test]
fn a_replica_takes_over_from_a_killed_primary_and_then_from_a_frozen_one() {
    let sentinels = watchful();
    sentinels.server(0).command(&["SET", "key", "value"]);
    sentinels.server(0).command(&["WAIT", "2", "10000"]);
    sentinels.server(0).stop();
    let second = sentinels.primary();
    assert_ne!(second, 0);
    let value: String =
        redis::from_redis_value(sentinels.server(second).command(&["GET", "key"])).unwrap();
    assert_eq!(value, "value");

    sentinels.server(second).freeze();
    let third = sentinels.primary();
    assert!(![0, second].contains(&third));
    sentinels.server(second).thaw();
    assert_eq!(sentinels.primary(), third);
}

#[test]
fn a_failover_can_be_asked_for() {
    let sentinels = Sentinels::start();
    assert_eq!(sentinels.current_primary(), Some(0));
    let new = sentinels.failover();
    assert_ne!(new, 0);
    assert_eq!(sentinels.current_primary(), Some(new));
    assert_eq!(role(sentinels.server(new)), "master");
    sentinels.wait_until_ready();
    assert_eq!(role(sentinels.server(0)), "slave");
}

#[test]
fn writes_that_no_replica_hears_of_are_refused() {
    let sentinels = Sentinels::builder().min_replicas_to_write(1).start();
    let primary = sentinels.server(0);
    primary.command(&["SET", "key", "value"]);
    for replica in &sentinels.servers()[1..] {
        replica.freeze();
    }
    let deadline = Instant::now() + READY_WITHIN;
    let refusal = loop {
        match primary.try_command(&["SET", "key", "value"]) {
            Err(error) => break error,
            Ok(_) => assert!(Instant::now() < deadline, "every write is accepted"),
        }
    };
    assert_eq!(refusal.code(), Some("NOREPLICAS"));
}

#[test]
fn one_sentinel_can_be_kept_from_telling() {
    let sentinels = Sentinels::builder().behind_proxies().start();
    let subscribe = |port: u16| {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
        let mut connection = client.get_connection().unwrap();
        redis::cmd("SUBSCRIBE")
            .arg("+switch-master")
            .exec(&mut connection)
            .unwrap();
        connection
    };
    let mut muted = subscribe(sentinels.proxy(0).port());
    let mut heard = subscribe(sentinels.proxy(1).port());
    let mut direct = subscribe(sentinels.sentinel(0).port());
    sentinels.proxy(0).mute("+switch-master");
    let new = sentinels.failover();
    for connection in [&mut heard, &mut direct] {
        connection.set_read_timeout(Some(READY_WITHIN)).unwrap();
        let event = format!("{:?}", connection.recv_response().unwrap());
        let port = sentinels.server(new).port().to_string();
        assert!(event.contains(&port), "{event}");
    }
    muted
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(muted.recv_response().unwrap_err().is_timeout());
    // It answers all the same, and other sentinels know it by its proxy.
    assert_eq!(
        named_port(sentinels.sentinel(0)),
        sentinels.server(new).port()
    );
    let others: Vec<std::collections::HashMap<String, String>> = redis::from_redis_value(
        sentinels
            .sentinel(0)
            .command(&["SENTINEL", "SENTINELS", "main"]),
    )
    .unwrap();
    let mut ports: Vec<u16> = others
        .iter()
        .map(|other| other["port"].parse().unwrap())
        .collect();
    let mut proxies = [1, 2].map(|other| sentinels.proxy(other).port());
    ports.sort_unstable();
    proxies.sort_unstable();
    assert_eq!(ports, proxies);
}

#[test]
fn data_and_sentinels_have_logins_of_their_own() {
    let sentinels = Sentinels::builder()
        .password("data-secret")
        .user("app", "app-secret", &["~*", "&*", "+@all"])
        .sentinel_password("watch-secret")
        .sentinel_user("watcher", "watcher-secret", &["&*", "+ping", "+sentinel"])
        .start();
    let ping = |server: &Server, user: &str, password: &str| {
        let url = format!("redis://{user}:{password}@127.0.0.1:{}", server.port());
        let connection = redis::Client::open(url).unwrap().get_connection();
        redis::cmd("PING").query::<String>(&mut connection?)
    };
    let (data, sentinel) = (sentinels.server(1), sentinels.sentinel(1));
    for (user, password) in [("app", "app-secret"), ("default", "data-secret")] {
        assert_eq!(ping(data, user, password).unwrap(), "PONG");
        assert!(ping(sentinel, user, password).is_err());
    }
    for (user, password) in [("watcher", "watcher-secret"), ("default", "watch-secret")] {
        assert_eq!(ping(sentinel, user, password).unwrap(), "PONG");
        assert!(ping(data, user, password).is_err());
    }
    // What a sentinel knows is in its file.
    sentinels.sentinel(1).restart();
    sentinels.wait_until_ready();
    assert_ne!(sentinels.failover(), 0);
    assert_eq!(ping(sentinel, "watcher", "watcher-secret").unwrap(), "PONG");
    let told = format!("{} {sentinels:?}", sentinels.config());
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn servers_and_sentinels_speak_tls() {
    let tls = Tls::new();
    let sentinels = Sentinels::builder()
        .replicas(1)
        .sentinels(1, 1)
        .tls(&tls)
        .require_client_certificates()
        .start();
    let config: serde_json::Value = serde_json::from_str(&sentinels.config()).unwrap();
    let ca = tls.ca().to_str().unwrap();
    assert_eq!(
        (&config["ssl"], &config["sentinel_ssl"]),
        (&true.into(), &true.into())
    );
    assert_eq!(config["sentinel_ssl_ca_certs"], ca);
    assert_eq!(
        named_port(sentinels.sentinel(0)),
        sentinels.server(0).port()
    );
    assert_eq!(sentinels.failover(), 1);
}

#[test]
fn clients_of_sentinels_and_of_servers_may_speak_differently() {
    let tls = Tls::new();
    let few = || Sentinels::builder().replicas(1).sentinels(2, 1);
    for (sentinels, of_servers) in [
        (few().tls_of_servers(&tls).start(), true),
        (few().tls_of_sentinels(&tls).start(), false),
    ] {
        let config: serde_json::Value = serde_json::from_str(&sentinels.config()).unwrap();
        let speaks = |field: &str| config[field] == true;
        assert_eq!(
            (speaks("ssl"), speaks("sentinel_ssl")),
            (of_servers, !of_servers)
        );
        let (plain, encrypted) = if of_servers {
            (sentinels.sentinel(0), sentinels.server(0))
        } else {
            (sentinels.server(0), sentinels.sentinel(0))
        };
        let answers = |server: &Server| {
            let url = format!("redis://127.0.0.1:{}", server.port());
            let client = redis::Client::open(url).unwrap();
            let connection = client.get_connection_with_timeout(READY_WITHIN);
            connection.is_ok_and(|mut connection| {
                redis::cmd("PING").query::<String>(&mut connection).is_ok()
            })
        };
        assert!(answers(plain) && !answers(encrypted), "{config}");
        // What a sentinel knows is in its file.
        sentinels.sentinel(1).restart();
        sentinels.wait_until_ready();
        assert_eq!(sentinels.failover(), 1);
    }
}
