//! JSON, read with the crate that the runtime reads it with, and as strictly.

use std::collections::HashSet;
use std::fmt;

use serde_core::Deserializer;
use serde_core::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::problem::Problem;

/// The name by which serde_json tells itself that a text is JSON. The runtime refuses it.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    read(text).map_err(|error| mistake(text, 0, &error))
}

/// Reads a list of values, each of which may be as deep as one that stands alone.
pub(super) fn list(text: &str) -> Result<Vec<Value>, Problem> {
    let elements: Result<Vec<&RawValue>, _> = serde_json::from_str(text);
    let elements = elements.map_err(|error| mistake(text, 0, &error))?;
    let read = |element: &RawValue| {
        let start = element.get().as_ptr().addr() - text.as_ptr().addr();
        read(element.get()).map_err(|error| mistake(text, start, &error))
    };
    elements.into_iter().map(read).collect()
}

fn read(text: &str) -> serde_json::Result<Value> {
    Unique.deserialize(&mut serde_json::Deserializer::from_str(text))?;
    serde_json::from_str(text)
}

/// Says where the mistake is in a text that was read from `start` on, and nothing of what
/// serde_json says, which may repeat a value.
fn mistake(text: &str, start: usize, error: &serde_json::Error) -> Problem {
    let lines = text[start..]
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let end = start + lines.map(str::len).sum::<usize>() + error.column();
    let characters = text.char_indices().take_while(|(at, _)| *at < end);
    let (mut line, mut column) = (1, 0);
    for (_, character) in characters {
        column += 1;
        if character == '\n' {
            (line, column) = (line + 1, 0);
        }
    }
    let message = format!("is JSON with a mistake in line {line}, column {column}");
    let help =
        "write a config as {\"host\": \"…\", \"port\": …}, and give each name once; or write a url";
    Problem::new(message, "cannot be read", help)
}

/// Refuses a name that stands twice in an object, or in one inside of it. serde_json would keep the
/// last.
#[derive(Clone, Copy)]
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            if name == RAW_VALUE || !names.insert(name) {
                return Err(A::Error::custom("a name that cannot stand here"));
            }
            access.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while access.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{RAW_VALUE, list, parse};

    #[test]
    fn json_inside_of_json_is_refused() {
        let inside = format!("{{\"x-note\": {{\"{RAW_VALUE}\": \"1\"}}}}");
        assert!(parse(&inside).is_err());
        assert!(list(&format!("[{inside}]")).is_err());
    }

    #[test]
    fn a_mistake_is_pointed_at_and_not_shown() {
        for (text, line, column) in [
            ("{\"host\": \"cretZ\",\n \"h\\u006fst\": \"i\"}", 2, 12),
            ("{\"x-note\": {\"a\": 1, \"a\": 2}, \"b\": 3}", 1, 23),
            ("{\"client_name\": \"ääcretZ\" ü}", 1, 27),
            ("{\"client_name\": \"cretZ\" 'a'}", 1, 25),
            ("{\"host\": \"cretZ\"", 1, 16),
            (
                "[\"redis://a\",\n \"ü\", {\"a\": \"cretZ\", \"a\": 1}]",
                2,
                24,
            ),
            ("[{\"a\": \"\",\n \"b\": 1,\n \"a\": \"cretZ\"}]", 3, 4),
            ("[\"cretZ\"] ]", 1, 11),
        ] {
            let read = if text.starts_with('[') {
                list(text).map(drop)
            } else {
                parse(text).map(drop)
            };
            let problem = read.unwrap_err();
            let place = format!("is JSON with a mistake in line {line}, column {column}");
            assert_eq!(problem.message, place, "{text}");
            assert!(!format!("{problem:?}").contains("cretZ"), "{problem:?}");
        }
    }
}
