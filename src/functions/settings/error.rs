//! The reason why a config was not read or written.

use std::fmt;

use redis::RedisError;

/// The reason why a config was not read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The value is not JSON of the requested type, or cannot be written as JSON.
    Json {
        /// The key of the config.
        key: String,
        /// The reason.
        source: serde_json::Error,
    },
    /// Redis refused the command, or the connection failed.
    Redis(RedisError),
}

impl ConfigError {
    pub(super) fn json(key: &str, source: serde_json::Error) -> Self {
        let key = key.to_owned();
        Self::Json { key, source }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { key, source } => {
                write!(
                    f,
                    "`{}` cannot be converted to or from JSON: {source}",
                    key.escape_debug()
                )
            }
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json { source, .. } => Some(source),
            Self::Redis(error) => Some(error),
        }
    }
}

impl From<RedisError> for ConfigError {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}
