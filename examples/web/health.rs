//! The health of the service.

use axum::Json;
use axum::http::StatusCode;
use redis_components::ComponentStatus;
use serde_json::{Value, json};

/// Answers 200 while every component has a server, and 503 if a component has none.
///
/// The status is `degraded` if a component goes on with its last good config because the newest one
/// cannot be used.
pub(crate) async fn health() -> (StatusCode, Json<Value>) {
    let components = redis_components::status().components;
    let has_problem = |component: &ComponentStatus| component.problem.is_some();
    let (code, status) = if components
        .iter()
        .any(|component| component.current.is_none())
    {
        (StatusCode::SERVICE_UNAVAILABLE, "down")
    } else if components.iter().any(has_problem) {
        (StatusCode::OK, "degraded")
    } else {
        (StatusCode::OK, "ok")
    };
    let problems = components.iter().filter(|component| has_problem(component));
    let problems: Vec<&str> = problems
        .map(|component| component.component.as_str())
        .collect();
    (
        code,
        Json(json!({ "status": status, "problems": problems })),
    )
}
