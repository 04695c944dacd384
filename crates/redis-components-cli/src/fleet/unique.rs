//! A JSON value in which no name stands twice in an object.
//!
//! serde_json keeps the last of both, and processes leave such a value out.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Returns `true` if a text is JSON, and no name stands twice in an object of it.
pub(super) fn is_unique(text: &[u8]) -> bool {
    serde_json::from_slice::<Unique>(text).is_ok()
}

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, _)) = access.next_entry::<String, Self>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self, A::Error> {
        while access.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::is_unique;

    #[test]
    fn a_name_that_stands_twice_is_found_wherever_it_is() {
        for text in [r#"{"a":[1,-1,0.5,null,true,"x"],"b":{"a":{}}}"#, "[]", "1"] {
            assert!(is_unique(text.as_bytes()), "{text}");
        }
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":{},"b":[]}]}"#, "{"] {
            assert!(!is_unique(text.as_bytes()), "{text}");
        }
    }
}
