//! What callers are told when something did not work.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redis::RedisError;
use serde_json::json;

/// A request that was not answered as asked.
pub(crate) enum Failure {
    /// The caller's mistake.
    Invalid(&'static str),
    /// A component that does not answer.
    Unavailable(RedisError),
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Unavailable(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::Invalid(reason) => (StatusCode::UNPROCESSABLE_ENTITY, reason),
            Self::Unavailable(error) => {
                // The names of servers are for the log and not for the world.
                tracing::error!(%error, "a component does not answer");
                let reason = "a part of this service does not answer; try again";
                (StatusCode::SERVICE_UNAVAILABLE, reason)
            }
        };
        (status, Json(json!({ "error": reason }))).into_response()
    }
}
