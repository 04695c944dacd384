//! Times, counts and logs every request.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

/// The name that requests are counted and logged under.
pub(crate) const NAME: &str = "web";

pub(crate) async fn observe(matched: MatchedPath, request: Request, next: Next) -> Response {
    // Not the path itself: there are as many paths as articles.
    let context = format!("{} {}", request.method(), matched.as_str());
    let path = format!("{} {}", request.method(), request.uri().path());
    let response = app::access_time::access_time(&context, next.run(request)).await;
    let message = format!("{path} {}", response.status().as_u16());
    let (counted, logged) = tokio::join!(
        app::statistics::update_counter(NAME, 1),
        app::logs::log_recent(NAME, &message)
    );
    // The request is answered even if this fails.
    for failed in [counted, logged].into_iter().filter_map(Result::err) {
        tracing::warn!(error = %failed, "a request is not counted or logged");
    }
    response
}
