//! What is under which path.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{Stream, stream};

use super::hosts::Hosts;
use super::metrics;
use super::picture::{Picture, Pictures};

/// The page, with all that it needs.
const PAGE: &str = include_str!("page.html");
const JSON: &str = "application/json";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// A connection on which nothing happens is kept by a comment as often.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Returns all that is served at an address. Nothing of it changes anything.
pub(crate) fn router(pictures: Pictures, address: IpAddr) -> Router {
    let guard = Arc::new(Guard {
        hosts: Hosts::of(address),
        policy: policy(),
    });
    Router::new()
        .route("/", get(page))
        .route("/api/snapshot", get(snapshot))
        .route("/api/events", get(events))
        .route("/api/samples", get(samples))
        .route("/metrics", get(write_metrics))
        .with_state(pictures)
        .layer(from_fn_with_state(guard, check))
}

#[derive(Debug)]
struct Guard {
    hosts: Hosts,
    policy: HeaderValue,
}

/// Returns what a browser may do with the page: run its own script, and ask here for data.
fn policy() -> HeaderValue {
    let hash = |name: &str| {
        let text = inside(name);
        let hash = STANDARD.encode(hmac_sha256::Hash::hash(text.as_bytes()));
        format!("'sha256-{hash}'")
    };
    let text = format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// Returns the text of the page's only element of this name.
fn inside(name: &str) -> &'static str {
    let begin = PAGE.split_once(&format!("<{name}>"));
    let text = begin.and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    text.map_or("", |(text, _)| text)
}

/// Refuses requests that call this program by a foreign name.
async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = if guard.hosts.allow(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        let text = "This program is for its own machine: ask for it as localhost or 127.0.0.1. \
            With `--listen` and another address it answers to all names.\n";
        (StatusCode::FORBIDDEN, text).into_response()
    };
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(header::CONTENT_SECURITY_POLICY, guard.policy.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(header::REFERRER_POLICY, fixed("no-referrer"));
    headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    headers.insert("cross-origin-resource-policy", fixed("same-origin"));
    response
}

fn of_type(kind: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn page() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (kind, PAGE).into_response()
}

async fn snapshot(State(pictures): State<Pictures>) -> Response {
    of_type(JSON, pictures.newest().json.clone())
}

async fn samples(State(pictures): State<Pictures>) -> Response {
    of_type(JSON, pictures.samples())
}

async fn write_metrics(State(pictures): State<Pictures>) -> Response {
    match metrics::write(&pictures.newest().snapshot) {
        Ok(text) => of_type(OPEN_METRICS, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Sends the newest picture, and each one that comes. Who reads slowly misses some.
async fn events(
    State(pictures): State<Pictures>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let begin = (pictures.follow(), true);
    let pictures = stream::unfold(begin, |(mut follow, is_first)| async move {
        if !is_first {
            follow.changed().await.ok()?;
        }
        let picture = Arc::clone(&follow.borrow_and_update());
        Some((Ok(event(&picture)), (follow, false)))
    });
    Sse::new(pictures).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn event(picture: &Picture) -> Event {
    Event::default().event("snapshot").data(&picture.json)
}

#[cfg(test)]
mod tests {
    use super::{PAGE, inside, policy};

    #[test]
    fn the_page_needs_nothing_else() {
        for word in ["src=", "href=\"http", "url(", "@import", "http:", "https:"] {
            let namespaces = PAGE.replace("http://www.w3.org/2000/svg", "");
            assert!(!namespaces.contains(word), "{word}");
        }
        assert!(!inside("script").is_empty() && !inside("style").is_empty());
        // What others wrote is never read as HTML, and styles stand in one place.
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "style=\"",
        ] {
            assert!(!PAGE.contains(word), "{word}");
        }
        assert_eq!(PAGE.matches("<script").count(), 1);
        assert!(policy().to_str().unwrap().contains("script-src 'sha256-"));
    }
}
