//! `serve` over HTTP, against real servers.

use std::io::BufRead as _;
use std::sync::atomic::Ordering;

use redis_components_testing::{Proxy, Server};
use serde_json::{Value, json};

use crate::common::{Operator, wait_until};
use crate::load::{Load, World};
use crate::served::Served;

#[test]
fn r14_the_picture_is_json_metrics_and_a_page() {
    let world = World::start();
    let load = Load::start(&world.config);
    load.goes_on();
    let served = Served::start(&world.operator);
    let address = world.address(0);
    wait_until("the server is called", || {
        let snapshot = served.snapshot();
        let server = &snapshot["servers"][0];
        let rate = server["commands_per_second"].as_f64();
        server["server"] == *address && rate.is_some_and(|rate| rate > 0.0)
    });
    wait_until("the process follows", || {
        served.snapshot()["components"][0]["fleet"]
            == json!({"following": 1, "expected": 1, "silent": 0, "problems": 0})
    });
    let snapshot = served.snapshot();
    assert_eq!(snapshot["components"][0]["servers"], json!([address]));
    assert_eq!(snapshot["processes"][0]["state"], "ok", "{snapshot:#}");
    let metrics = served.get("/metrics");
    assert!(
        metrics.head.contains("application/openmetrics-text"),
        "{metrics:?}"
    );
    for line in [
        "redis_components_fleet_component_following{component=\"logs\"} 1.0".to_owned(),
        format!("redis_components_fleet_server_answers{{server=\"{address}\"}} 1.0"),
        "# EOF".to_owned(),
    ] {
        assert!(
            metrics.body.lines().any(|found| found == line),
            "{line}\n{}",
            metrics.body
        );
    }
    let page = served.get("/");
    assert_eq!(page.status, 200);
    assert!(page.body.starts_with("<!doctype html>"), "{page:?}");
    for header in [
        "content-type: text/html",
        "content-security-policy: default-src 'none'; script-src 'sha256-",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(page.head.contains(header), "{header}: {}", page.head);
    }
    wait_until("its calls are noted", || {
        let samples: Value = serde_json::from_str(&served.get("/api/samples").body).unwrap();
        let samples = samples[&address].as_array().cloned().unwrap_or_default();
        samples.iter().any(|sample| sample[1].as_f64() > Some(0.0))
    });
    load.stop.store(true, Ordering::Relaxed);
    let (code, envelope) = served.end();
    assert_eq!((code, &envelope["ok"]), (Some(0), &json!(true)));
}

#[test]
fn each_change_is_an_event() {
    let (server, other) = (Server::start(), Server::start());
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let served = Served::start(&operator);
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: {}\r\n\r\n",
        served.address
    );
    let mut lines = served.send(&request).lines();
    let mut next = move || {
        let data = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("data: ").map(str::to_owned)
        });
        serde_json::from_str::<Value>(&data.unwrap()).unwrap()
    };
    let endpoint = |server: &Server| format!("127.0.0.1:{}", server.port());
    assert_eq!(next()["components"][0]["endpoint"], *endpoint(&server));
    operator.done(&[
        "set",
        "logs",
        &format!("port={}", other.port()),
        "--reason",
        "why",
    ]);
    let changed = loop {
        let snapshot = next();
        if snapshot["components"][0]["endpoint"] == *endpoint(&other) {
            break snapshot;
        }
    };
    let changes = changed["components"][0]["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["reason"]), (2, &json!("why")));
    let left = changed["servers"].as_array().unwrap().iter();
    let left: Vec<_> = left.filter(|server| server["left"] == true).collect();
    assert_eq!(left.len(), 1, "{changed:#}");
    assert_eq!(left[0]["server"], *endpoint(&server));
    // Somebody who reads events does not keep it from ending.
    assert_eq!(served.end().0, Some(0));
}

#[test]
fn r8_no_secret_is_served() {
    let server = Server::start_with(&["--requirepass", "s3cret-config"]);
    let operator = Operator::at(&format!(
        "redis://:s3cret-config@127.0.0.1:{}",
        server.port()
    ));
    let port = server.port();
    for (name, rest) in [
        ("logs", r#""password": "s3cret-config""#),
        ("wrong", r#""password": "s3cret-wrong""#),
        ("typo", r#""pasword": "s3cret-typo""#),
        (
            "note",
            r#""password": "s3cret-config", "x-token": "s3cret-token""#,
        ),
    ] {
        let config = format!(r#"{{"host": "127.0.0.1", "port": {port}, {rest}}}"#);
        let key = format!("config:redis:{name}");
        server
            .try_command(&["AUTH", "s3cret-config"])
            .and_then(|_| server.try_command(&["SET", &key, &config]))
            .ok();
        let file = operator.file("config.json", &config);
        // What is invalid, or refused, is not written by `set`.
        operator.run(&[
            "set",
            name,
            &file.to_string_lossy(),
            "--create",
            "--no-probe",
            "--yes",
        ]);
    }
    let url = format!("redis://u:s3cret-url@127.0.0.1:{port}/0");
    let file = operator.file("url.json", &json!({ "url": url }).to_string());
    operator.done(&[
        "set",
        "url",
        &file.to_string_lossy(),
        "--create",
        "--no-probe",
        "--yes",
    ]);
    let served = Served::start(&operator);
    wait_until("all servers are looked at", || {
        let snapshot = served.snapshot();
        let components = snapshot["components"].as_array().unwrap();
        let servers = snapshot["servers"].as_array().unwrap();
        components.len() >= 4 && servers.iter().any(|server| server["up"] == true)
    });
    for path in ["/", "/api/snapshot", "/api/samples", "/metrics"] {
        let answer = served.get(path);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.body.contains("s3cret"), "{path}: {}", answer.body);
    }
}

#[test]
fn r11_a_request_by_a_foreign_name_is_refused_and_nothing_can_be_changed() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let served = Served::start(&operator);
    let port = served.address.rsplit_once(':').unwrap().1;
    for path in ["/", "/api/snapshot", "/api/events", "/metrics", "/nothing"] {
        for host in [
            "evil.example",
            "evil.example:80",
            &format!("10.0.0.1:{port}"),
        ] {
            let answer = served.get_as("GET", path, host);
            assert_eq!(answer.status, 403, "{path} {host}: {answer:?}");
            assert!(!answer.body.contains("logs"), "{answer:?}");
        }
    }
    let twice = "GET /api/snapshot HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\
        Connection: close\r\n\r\n";
    let proxied = "GET http://evil.example/api/snapshot HTTP/1.1\r\nHost: localhost\r\n\
        Connection: close\r\n\r\n";
    for request in [twice, proxied] {
        let first = served.send(request).lines().next().unwrap().unwrap();
        assert!(
            first.contains(" 403 ") || first.contains(" 400 "),
            "{first}"
        );
    }
    for host in [
        "localhost",
        &format!("localhost:{port}"),
        "127.0.0.1",
        "[::1]:1",
    ] {
        assert_eq!(
            served.get_as("GET", "/api/snapshot", host).status,
            200,
            "{host}"
        );
    }
    assert_eq!(served.get("/nothing").status, 404);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = served.get_as(method, "/api/snapshot", "localhost");
        assert_eq!(answer.status, 405, "{method}: {answer:?}");
    }
}

#[test]
fn a_config_server_that_goes_and_comes_is_told() {
    let server = Server::start();
    let operator = Operator::of(&server);
    operator.make_logs(&server);
    let proxy = Proxy::to(&server);
    let served = Served::start(&Operator::at(&proxy.url()));
    assert_eq!(served.snapshot()["config_server"]["up"], true);
    proxy.refuse();
    proxy.cut();
    wait_until("it is lost, and the picture grows old", || {
        let snapshot = served.snapshot();
        let config_server = &snapshot["config_server"];
        // The component's own server answers as before.
        snapshot["servers"][0]["up"] == true
            && snapshot["components"][0]["component"] == "logs"
            && config_server["up"] == false
            && config_server["lost_since"].is_string()
            && config_server["age_seconds"].as_f64() > Some(1.0)
            && snapshot["problems"][0]["problem"].is_string()
    });
    let metrics = served.get("/metrics").body;
    assert!(
        metrics.contains("redis_components_fleet_config_server_answers 0.0"),
        "{metrics}"
    );
    proxy.pass();
    wait_until("it is back", || {
        let snapshot = served.snapshot();
        snapshot["config_server"]["up"] == true && snapshot["problems"] == json!([])
    });
}

/// contrib's own users lack it.
#[test]
fn a_server_that_does_not_let_itself_be_looked_at_is_not_down() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let user = ["ACL", "SETUSER", "app", "on", ">pw", "~*", "+@all", "-info"];
    server.command(&user);
    let port = server.port();
    let config = json!({"host": "127.0.0.1", "port": port, "username": "app", "password": "pw"});
    server.command(&["SET", "config:redis:logs", &config.to_string()]);
    let served = Served::start(&operator);
    wait_until("what stands in the way is told", || {
        let snapshot = served.snapshot();
        let seen = &snapshot["servers"][0];
        let is_told = |problem: &str| problem.contains("'info' command");
        seen["problem"].as_str().is_some_and(is_told) && seen["up"] == true
    });
    let metrics = served.get("/metrics").body;
    let line = format!("server_answers{{server=\"127.0.0.1:{port}\"}} 1.0");
    assert!(metrics.contains(&line), "{metrics}");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let server = Server::start();
    let operator = Operator::of(&server);
    let taken = format!("127.0.0.1:{}", server.port());
    let (code, envelope) = operator.json(&["serve", "--listen", &taken]);
    let error = &envelope["error"];
    assert_eq!(
        (code, &error["code"]),
        (1, &json!("cannot_listen")),
        "{envelope:#}"
    );
    assert!(
        error["message"].as_str().unwrap().contains(&taken),
        "{envelope:#}"
    );
    assert_eq!(operator.run(&["serve", "--listen", "localhost"]).code, 2);
}
