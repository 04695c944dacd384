//! The fields of a hash by name.

use std::collections::HashMap;
use std::str::FromStr;

use redis::{FromRedisValue, ParsingError, RedisError, RedisResult, Value};

/// The fields of a hash; empty if the key does not exist.
pub(crate) struct Fields(HashMap<String, String>);

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out a field and returns its text; empty if the field is missing.
    pub(crate) fn text(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    pub(crate) fn number<T: FromStr>(&mut self, name: &str) -> RedisResult<T> {
        let text = self.text(name);
        text.parse().map_err(|_| {
            RedisError::from((
                redis::ErrorKind::UnexpectedReturnType,
                "a field of a hash is not the expected number",
                format!("`{name}` is `{}`", text.escape_debug()),
            ))
        })
    }

    /// Returns the fields that were not taken out.
    pub(crate) fn rest(self) -> HashMap<String, String> {
        self.0
    }
}

impl FromRedisValue for Fields {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        FromRedisValue::from_redis_value(value).map(Self)
    }
}
