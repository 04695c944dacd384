//! The service in a browser, while a component moves under it.

use serde_json::json;

use crate::chromium::Page;
use crate::service::Service;

#[test]
#[ignore = "needs a browser: `cargo xtask test --browser`"]
fn a_reader_sees_a_component_move_and_notices_nothing_else() {
    let service = Service::start();
    let [a, b] = service
        .data
        .each_ref()
        .map(|server| format!("127.0.0.1:{}", server.port()));
    let mut page = Page::open(&format!("http://{}/", service.address));
    page.until(&lives("articles", &a));

    post(&mut page, "First", "user:1");
    page.until(&has_article("First", 1));
    page.type_into("[name=user]", "user:2");
    page.click("#articles button");
    page.until(&has_article("First", 2));
    page.until("[...document.querySelectorAll('#logs li')].some(log => log.textContent.endsWith('POST /articles/1/votes 200'))");
    page.until("document.querySelectorAll('#counter div').length > 0");

    service.move_to("articles", 1);
    page.until(&lives("articles", &b));
    page.until("document.querySelectorAll('#articles tr').length === 0");
    assert_eq!(page.evaluate(&lives("logs", &a)), true);
    post(&mut page, "Second", "user:1");
    page.until(&has_article("Second", 1));

    service.move_to("articles", 0);
    page.until(&has_article("First", 2));
    assert_eq!(
        page.evaluate("document.body.dataset.failures ?? 'none'"),
        json!("none")
    );
    let titles = service.data.each_ref().map(|server| {
        let title = server.command(&["HGET", "article:1", "title"]);
        redis::from_redis_value::<String>(title).unwrap()
    });
    assert_eq!(titles, ["First", "Second"]);
}

#[test]
#[ignore = "needs a browser: `cargo xtask test --browser`"]
fn texts_of_others_are_texts_and_mistakes_are_told() {
    let service = Service::start();
    let mut page = Page::open(&format!("http://{}/", service.address));
    let title = "<img src=x onerror='document.title=1'>";
    post(&mut page, title, "user:1");
    page.until(&has_article(title, 1));
    assert_eq!(
        page.evaluate("document.querySelectorAll('#articles img').length"),
        0
    );

    page.evaluate("document.querySelector('[name=user]').value = ''");
    page.click("#articles button");
    page.until("document.querySelector('#problem').textContent === 'Say your name first.'");
}

fn post(page: &mut Page, title: &str, user: &str) {
    page.type_into("[name=user]", user);
    page.type_into("[name=title]", title);
    page.type_into("[name=link]", "https://example.com/");
    page.click("#post button");
}

/// Whether the page shows a component on a server.
fn lives(component: &str, server: &str) -> String {
    let expected = json!([component, server]);
    format!(
        "[...document.querySelectorAll('#components tr')].some(row => \
         JSON.stringify([...row.cells].slice(0, 2).map(cell => cell.textContent)) === JSON.stringify({expected}))"
    )
}

/// Whether the page shows an article with so many votes.
fn has_article(title: &str, votes: u32) -> String {
    let expected = json!([title, votes.to_string()]);
    format!(
        "[...document.querySelectorAll('#articles tr')].some(row => \
         JSON.stringify([row.cells[0].textContent, row.cells[2].textContent]) === JSON.stringify({expected}))"
    )
}
