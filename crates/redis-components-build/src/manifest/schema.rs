//! The JSON Schema of a manifest, which the crate ships for editors.

use std::collections::BTreeSet;

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

#[test]
fn the_page_and_the_table_have_the_same_keys() {
    let page = include_str!("../../manifest.md");
    let mut on_page = BTreeSet::new();
    let mut section = "";
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            section = heading.trim_start_matches('#').trim().trim_matches('`');
        }
        let key = line
            .strip_prefix("| `")
            .and_then(|row| row.split('`').next());
        if let Some(key) = key.filter(|_| section.starts_with('[')) {
            on_page.insert(format!("{section} {key}"));
        }
    }
    let mut in_table = BTreeSet::new();
    for (section, keys) in [
        ("[config-server]", keys_under(ROOT, "config-server")),
        ("[components.<name>]", keys_under(ROOT, "components")),
        (
            "[components.<name>.functions]",
            keys_under(keys_under(ROOT, "components"), "functions"),
        ),
    ] {
        in_table.extend(keys.iter().map(|key| format!("{section} {}", key.name)));
    }
    assert_eq!(on_page, in_table);
}

fn keys_under(keys: &'static [Key], name: &str) -> &'static [Key] {
    let key = keys.iter().find(|key| key.name == name).unwrap();
    key.shape.keys()
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
