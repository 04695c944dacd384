//! A city as it is stored.

use redis::{RedisError, RedisResult};

/// A city.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct City {
    /// Its name; empty if only the country is known.
    pub city: String,
    /// The code of its region.
    pub region: String,
    /// The code of its country.
    pub country: String,
}

impl City {
    pub(super) fn to_json(&self) -> String {
        serde_json::json!([self.city, self.region, self.country]).to_string()
    }

    pub(super) fn from_json(json: &str) -> RedisResult<Self> {
        let (city, region, country) = serde_json::from_str(json).map_err(|error| {
            RedisError::from((
                redis::ErrorKind::UnexpectedReturnType,
                "a field of `cityid2city:` is not a city",
                error.to_string(),
            ))
        })?;
        Ok(Self {
            city,
            region,
            country,
        })
    }
}
