//! The answers to requests that fail.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redis::RedisError;
use serde_json::json;

/// The reason why a request fails.
pub(crate) enum Failure {
    /// The caller made a mistake.
    Invalid(&'static str),
    /// A component does not answer.
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
                // The log gets the names of servers, and the caller does not.
                tracing::error!(%error, "a component does not answer");
                let reason = "a part of this service does not answer; try again";
                (StatusCode::SERVICE_UNAVAILABLE, reason)
            }
        };
        (status, Json(json!({ "error": reason }))).into_response()
    }
}
