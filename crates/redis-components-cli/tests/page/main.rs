//! The page of `serve` in a browser, against real servers.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../../../../tests/web/chromium.rs"]
#[allow(dead_code, reason = "the tests of the example `web` use the rest")]
mod chromium;
#[path = "../cli/common.rs"]
#[allow(dead_code, reason = "the tests of the command line use the rest")]
mod common;
#[path = "../cli/served.rs"]
#[allow(dead_code, reason = "the tests of the command line use the rest")]
mod served;

use std::time::{Duration, Instant};

use redis_components_testing::{Proxy, Server};
use serde_json::json;

use crate::chromium::Page;
use crate::common::Operator;
use crate::served::Served;

/// Ten times what the slowest of these takes on a busy machine with two cores.
const SOON: Duration = Duration::from_secs(20);

/// Waits until the condition holds.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn address(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

/// Whether the table of components has a row that begins so.
fn has_row(table: &str, cells: &[&str]) -> String {
    let cells = json!(cells);
    format!(
        "[...document.querySelectorAll('#{table} tr')].some(row => {cells}.every((text, place) => \
         row.cells[place].textContent === text))"
    )
}

/// Whether an element has this text.
fn says(selector: &str, text: &str) -> String {
    let (selector, text) = (json!(selector), json!(text));
    format!("document.querySelector({selector})?.textContent.includes({text}) ?? false")
}

#[test]
#[ignore = "needs a browser: `cargo xtask test --browser`"]
fn r14_a_reader_sees_a_change_with_the_calls_around_it() {
    let (config_server, old, new) = (Server::start(), Server::start(), Server::start());
    let operator = Operator::of(&config_server);
    operator.make_logs(&old);
    let served = Served::start(&operator);
    let mut page = Page::open(&format!("http://{}/", served.address));
    page.until(&has_row("components", &["logs", &address(&old)]));
    page.until(&says("#server", &address(&config_server)));
    // Somebody calls the old server until the component moves, and then the new one.
    old.command(&["SET", "a", "1"]);
    page.until(&format!(
        "document.querySelector('#now path[data-server=\"{}\"]')?.dataset.points > 1",
        address(&old)
    ));
    operator.done(&[
        "set",
        "logs",
        &format!("port={}", new.port()),
        "--reason",
        "more memory",
    ]);
    page.until(&has_row("components", &["logs", &address(&new)]));
    page.until(&has_row("servers", &[&address(&old), "primary"]));
    page.until(&says("#changes [data-change='2']", "more memory"));
    for server in [&old, &new] {
        page.until(&format!(
            "document.querySelector('[data-change=\"2\"] path[data-server=\"{}\"]')?.dataset.points > 0",
            address(server)
        ));
    }
    assert_eq!(
        page.evaluate("document.querySelectorAll('[data-change=\"2\"] .mark').length"),
        1
    );

    // Its own links choose a component.
    operator.done(&[
        "set",
        "stats",
        "host=127.0.0.1",
        &format!("port={}", old.port()),
        "--create",
    ]);
    page.until(&has_row("components", &["stats", &address(&old)]));
    page.click("#components [data-component=stats] a");
    page.until(&says("#component", "stats"));
    assert_eq!(
        page.evaluate("document.querySelectorAll('tr.chosen').length"),
        1
    );
    assert_eq!(served.end().0, Some(0));
    page.until("!document.querySelector('#lost').hidden");
    page.until(&says("#lost", "has lost redis-components serve"));
}

#[test]
#[ignore = "needs a browser: `cargo xtask test --browser`"]
fn r8_texts_of_others_are_texts_and_a_lost_config_server_is_told() {
    let (config_server, server) = (Server::start(), Server::start());
    let operator = Operator::of(&config_server);
    operator.make_logs(&server);
    let reason = "<img src=x onerror='document.title=1'>";
    operator.done(&["set", "logs", "db=1", "--reason", reason]);
    let proxy = Proxy::to(&config_server);
    let served = Served::start(&Operator::at(&proxy.url()));
    let mut page = Page::open(&format!("http://localhost:{}/", {
        served.address.rsplit_once(':').unwrap().1
    }));
    page.until(&says("#changes", reason));
    assert_eq!(page.evaluate("document.querySelectorAll('img').length"), 0);
    // The page's own policy lets no other script run.
    let added = "(() => { const script = document.createElement('script'); \
        script.textContent = 'document.title = 1'; document.body.append(script); \
        return document.title })()";
    assert_eq!(page.evaluate(added), "redis-components");

    proxy.refuse();
    proxy.cut();
    page.until(&says("#lost", "The config server is lost since"));
    page.until(&has_row("components", &["logs", &address(&server)]));
    page.until("document.querySelector('#problems').textContent.length > 0");
    proxy.pass();
    page.until("document.querySelector('#lost').hidden");
    assert_eq!(
        page.evaluate("document.querySelector('#problem-part').hidden"),
        true
    );
}
