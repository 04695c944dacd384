//! A hash as an object: its fields by name.

use std::collections::HashMap;
use std::str::FromStr;

use redis::{FromRedisValue, ParsingError, RedisError, RedisResult, Value};

/// The fields of a hash; none where there is no such key.
pub(crate) struct Fields(HashMap<String, String>);

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A field's text, empty where the field is missing.
    pub(crate) fn text(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    pub(crate) fn number<T: FromStr>(&mut self, name: &str) -> RedisResult<T> {
        let text = self.text(name);
        text.parse().map_err(|_| {
            RedisError::from((
                redis::ErrorKind::UnexpectedReturnType,
                "a field of a hash is not the number it should be",
                format!("`{name}` is `{}`", text.escape_debug()),
            ))
        })
    }

    /// The fields that were not taken out.
    pub(crate) fn rest(self) -> HashMap<String, String> {
        self.0
    }
}

impl FromRedisValue for Fields {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        FromRedisValue::from_redis_value(value).map(Self)
    }
}
