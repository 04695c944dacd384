//! Is the service fit to be used?

use axum::Json;
use axum::http::StatusCode;
use redis_components::ComponentStatus;
use serde_json::{Value, json};

/// 200 as long as every component has a server; `degraded` where one goes on with its last good config, because the one
/// on the config server cannot be used. 503 where one has none.
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
