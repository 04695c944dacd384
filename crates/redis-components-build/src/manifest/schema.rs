//! The JSON Schema of a manifest, which is shipped for editors.

use expect_test::expect_file;
use serde_json::{Map, Value, json};

use crate::manifest::keys::{Key, ROOT, Shape};

#[test]
fn the_schema_is_up_to_date() {
    let mut schema = table(ROOT);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("components.toml of redis-components");
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    expect_file!["../../components.schema.json"].assert_eq(&text);
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(property).collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn tables(keys: &[Key]) -> Value {
    json!({"type": "object", "additionalProperties": table(keys)})
}

fn property(key: &Key) -> (String, Value) {
    let mut schema = match &key.shape {
        Shape::Text => json!({"type": "string"}),
        Shape::Duration => json!({"type": "string", "pattern": "^[0-9]+(ms|s|m)$"}),
        Shape::Count(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::Table(keys) => table(keys),
        Shape::Tables(keys) => tables(keys),
        Shape::NamesOrTables(keys) => json!({"anyOf": [
            {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
            tables(keys),
        ]}),
    };
    schema["description"] = json!(key.about);
    (key.name.to_owned(), schema)
}
