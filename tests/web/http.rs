//! The service over HTTP.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::service::Service;
use crate::until;

#[test]
fn articles_are_posted_and_voted_for_and_everything_is_seen() {
    let service = Service::start();
    let (status, posted) = service.post("/articles", &draft("A title"));
    assert_eq!((status, &posted["id"]), (201, &json!(1)));
    let vote = json!({"user": "user:2"});
    let votes = [true, false].map(|_| service.post("/articles/1/votes", &vote));
    assert_eq!(votes[0], (200, json!({"counted": true})));
    assert_eq!(votes[1], (200, json!({"counted": false})));

    let (status, seen) = service.get("/overview");
    assert_eq!(status, 200);
    let article = json!({
        "id": 1, "title": "A title", "link": "https://example.com/", "poster": "user:1", "votes": 2,
    });
    assert_eq!(seen["articles"], json!([article]));
    let logs: Vec<&str> = strings(&seen["logs"]);
    assert!(logs[2].ends_with(" POST /articles 201"), "{logs:?}");
    assert!(logs[0].ends_with(" POST /articles/1/votes 200"), "{logs:?}");
    let counts = seen["counter"].as_array().unwrap();
    let counted: i64 = counts.iter().map(|slice| slice[1].as_i64().unwrap()).sum();
    assert_eq!(counted, 3);
    let slowest = seen["slowest"].as_array().unwrap();
    let contexts: Vec<&Value> = slowest.iter().map(|slowest| &slowest[0]).collect();
    assert_eq!(contexts.len(), 2);
    assert!(
        contexts.contains(&&json!("POST /articles/{id}/votes")),
        "{contexts:?}"
    );
}

#[test]
fn what_cannot_be_posted_is_refused() {
    let service = Service::start();
    let wrong = [
        json!({"user": "user:1", "title": "", "link": "https://example.com/"}),
        json!({"user": "user:1", "title": "x".repeat(201), "link": "https://example.com/"}),
        json!({"user": "user:1", "title": "A title", "link": "javascript:alert(1)"}),
        json!({"user": "user:1"}),
    ];
    for draft in wrong {
        let (status, _) = service.post("/articles", &draft);
        assert_eq!(status, 422, "{draft}");
    }
    let (_, seen) = service.get("/overview");
    assert_eq!(seen["articles"], json!([]));
    assert_eq!(service.get("/nothing").0, 404);
    let (status, page) = service.get("/");
    assert_eq!(status, 200);
    assert!(page.as_str().unwrap().starts_with("<!doctype html>"));
}

#[test]
fn health_follows_the_components() {
    let service = Service::start();
    assert_eq!(
        service.get("/health"),
        (200, json!({"status": "ok", "problems": []}))
    );

    service
        .config
        .command(&["SET", "config:redis:logs", "not JSON"]);
    let degraded = json!({"status": "degraded", "problems": ["logs"]});
    until("the refused config is seen", || {
        // A call that uses the component; it works as before.
        assert_eq!(service.get("/overview").0, 200);
        service.get("/health") == (200, degraded.clone())
    });

    service.move_to("logs", 1);
    until("the component is well again", || {
        assert_eq!(service.get("/overview").0, 200);
        service.get("/health").1["status"] == "ok"
    });
    assert_eq!(port_of(&service, "logs"), service.data[1].port());
    assert_eq!(port_of(&service, "articles"), service.data[0].port());
}

#[test]
fn a_component_that_is_down_is_a_503_without_its_address() {
    let service = Service::start();
    service.data[0].stop();
    let (status, answer) = service.post("/articles", &draft("A title"));
    assert_eq!(status, 503);
    assert!(!answer.to_string().contains("127.0.0.1"), "{answer}");
    service.data[0].restart();
    until("the component is back", || {
        service.post("/articles", &draft("A title")).0 == 201
    });
}

#[test]
fn the_service_ends_when_it_is_asked_to() {
    let mut service = Service::start();
    assert_eq!(service.post("/articles", &draft("A title")).0, 201);
    let (code, said) = service.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("with 0 connections in use"), "{said}");
    assert!(TcpStream::connect(&service.address).is_err());
}

fn draft(title: &str) -> Value {
    json!({"user": "user:1", "title": title, "link": "https://example.com/"})
}

fn port_of(service: &Service, component: &str) -> u16 {
    let (_, seen) = service.get("/overview");
    let components = seen["components"].as_array().unwrap();
    let found = components
        .iter()
        .find(|found| found["component"] == component);
    let port = found.unwrap()["current"]["port"].as_u64().unwrap();
    port.try_into().unwrap()
}

fn strings(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap();
    list.iter().map(|text| text.as_str().unwrap()).collect()
}
