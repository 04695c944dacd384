//! Generates the documentation of the fields, docs/config.md and the JSON Schema from the table of
//! fields.
//!
//! `UPDATE_EXPECT=1` writes the files again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use expect_test::expect_file;
use serde_json::{Map, Value, json};

use super::field::{Effect, Field, Kind, LONGEST_TIMEOUT, SHORTEST_TIMEOUT};
use super::fields::PARTS_OF_A_URL;
use super::sentinels::OTHER_PLACES;
use super::table::{self, FIELDS, OWN_PREFIX};
use super::table_sentinels::{OF_SENTINELS, SENTINELS, SERVICE_NAME};
use super::table_tls;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.md");
const CORPUS: &str = include_str!("../../tests/config_fields/config-cases.json");

#[test]
fn the_documentation_of_the_fields_is_up_to_date() {
    expect_file!["fields.md"].assert_eq(&used());
}

#[test]
fn the_page_is_up_to_date() {
    let mut page = std::fs::read_to_string(PAGE).unwrap();
    for (section, text) in [
        ("used", used()),
        ("tls", table(|effect| effect == Effect::OfTls)),
        ("unusable", unusable()),
        ("refused", refused()),
        ("ignored", names(|effect| effect == Effect::Ignored)),
        ("differences", differences()),
    ] {
        page = with_section(&page, section, &text);
    }
    expect_file![Path::new(PAGE)].assert_eq(&page);
}

#[test]
fn the_schema_is_up_to_date() {
    let text = serde_json::to_string_pretty(&sorted(schema())).unwrap() + "\n";
    expect_file!["../../config.schema.json"].assert_eq(&text);
}

/// Replaces the text between the two comments of a section.
fn with_section(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (
        format!("<!-- begin {name} -->\n"),
        format!("<!-- end {name} -->"),
    );
    let (before, rest) = page.split_once(&begin).expect(name);
    let (_, after) = rest.split_once(&end).expect(name);
    format!("{before}{begin}\n{text}\n{end}{after}")
}

fn fields(of: impl Fn(Effect) -> bool) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(move |field| of(field.effect))
}

fn used() -> String {
    table(|effect| effect == Effect::Used)
}

fn unusable() -> String {
    let mut text = "| field | what to do |\n|---|---|\n".to_owned();
    for field in FIELDS {
        if let Effect::UnusableOfTls(instead) = field.effect {
            writeln!(text, "| `{}` | {instead} |", field.name).unwrap();
        }
    }
    text
}

fn table(of: impl Fn(Effect) -> bool) -> String {
    let mut text = "| field | value | default | meaning |\n|---|---|---|---|\n".to_owned();
    for field in fields(of) {
        let value = match field.kind {
            Kind::Text => "text".to_owned(),
            Kind::TextOrReference => "text, or a reference".to_owned(),
            Kind::Path => "an absolute path".to_owned(),
            Kind::Either(one, other) => format!("`{one}` or `{other}`"),
            Kind::Seconds => field
                .kind
                .described()
                .replace("a number of seconds", "seconds,"),
            kind => kind.described(),
        };
        writeln!(
            text,
            "| `{}` | {value} | {} | {} |",
            field.name, field.default, field.meaning
        )
        .unwrap();
    }
    text
}

fn names(of: impl Fn(Effect) -> bool) -> String {
    let names: Vec<_> = fields(of)
        .map(|field| format!("`{}`", field.name))
        .collect();
    names.join(", ") + "\n"
}

fn refused() -> String {
    let mut text = "| field | asks for | meaning |\n|---|---|---|\n".to_owned();
    for field in FIELDS {
        if let Effect::Refused(asks_for) = field.effect {
            writeln!(
                text,
                "| `{}` | {asks_for} | {} |",
                field.name, field.meaning
            )
            .unwrap();
        }
    }
    text
}

/// Returns the cases of the corpus that redis-py decides differently, under the reason for each.
fn differences() -> String {
    let corpus: Value = serde_json::from_str(CORPUS).unwrap();
    let [reasons, cases] = ["reasons", "cases"].map(|list| corpus[list].as_array().unwrap());
    let mut text = String::new();
    for reason in reasons {
        let key = &reason["key"];
        let mut rows = String::new();
        for case in cases.iter().filter(|case| case["why"] == *key) {
            let written = case["json"].as_str().or(case["url"].as_str()).unwrap();
            let here = match case.get("means") {
                Some(means) => format!("means {}", code(&sorted(means.clone()).to_string())),
                None => "refused".to_owned(),
            };
            let there = match &case["redis_py"] {
                Value::String(_) => "refused".to_owned(),
                other => match other["asks_for"].as_str() {
                    Some(asked) => format!("asks for {asked}"),
                    None => format!(
                        "means {}",
                        code(&sorted(other["means"].clone()).to_string())
                    ),
                },
            };
            writeln!(rows, "| {} | {here} | {there} |", code(written)).unwrap();
        }
        assert!(!rows.is_empty(), "`{key}` is the reason of no case");
        let sentences = reason["text"].as_str().unwrap().replace(". ", ".\n");
        let break_before = if text.is_empty() { "" } else { "\n" };
        write!(
            text,
            "{break_before}{sentences}\n\n| written | here | redis-py |\n|---|---|---|\n{rows}"
        )
        .unwrap();
    }
    text
}

/// Returns the text as code in a table, with invisible characters escaped.
fn code(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '|' => shown.push_str("\\|"),
            c if c.is_control() || c == '\u{200b}' => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    assert!(!shown.contains('`'));
    format!("`{shown}`")
}

/// Returns the value with the fields of all its objects in order. Features of serde_json decide
/// whether it sorts them itself.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let fields: BTreeMap<_, _> = object.into_iter().collect();
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

fn schema() -> Value {
    let properties: Map<String, Value> = FIELDS.iter().map(property).collect();
    let given = |field: &Field| json!({"not": {"properties": {field.name: {"type": "null"}}}});
    let absent = |field: &Field| (field.name.to_owned(), json!({"type": "null"}));
    let parts: Map<String, Value> = PARTS_OF_A_URL.iter().map(absent).collect();
    let absent_by_name = |name: &&str| ((*name).to_owned(), json!({"type": "null"}));
    let places: Map<String, Value> = OTHER_PLACES.iter().map(absent_by_name).collect();
    let of_sentinels: Map<String, Value> = OF_SENTINELS.iter().map(absent).collect();
    let is_of_tls = |effect| matches!(effect, Effect::OfTls | Effect::UnusableOfTls(_));
    let without_tls: Map<String, Value> = fields(is_of_tls).map(absent).collect();
    let with_tls: Map<String, Value> = fields(is_of_tls).map(of_tls).collect();
    let with = |field: &Field, value: Value| json!({"required": [field.name], "properties": {field.name: value}});
    let of_ssl = |value: Value| with(&table_tls::SSL, value);
    let wants_tls = of_ssl(json!({"type": ["boolean", "number"], "not": {"enum": [false, 0]}}));
    let of_url = |pattern: &str| with(&table::URL, json!({"type": "string", "pattern": pattern}));
    // What cannot stand beside a unix socket.
    let beside = |other: &Field| {
        let mut fields: Map<String, Value> = [&table::HOST, &table::PORT, other]
            .map(absent)
            .into_iter()
            .collect();
        fields.insert(
            table_tls::SSL.name.into(),
            json!({"enum": [false, 0, null]}),
        );
        fields
    };
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The config of a component of redis-components",
        "type": "object",
        "properties": properties,
        "patternProperties": {format!("^{OWN_PREFIX}"): true},
        "additionalProperties": {"type": "null"},
        "anyOf": [
            with(&table::HOST, json!({"type": "string"})),
            with(&table::URL, json!({"type": "string"})),
            {
                "required": [SENTINELS.name, SERVICE_NAME.name],
                "properties": {
                    SENTINELS.name: {"type": "array"},
                    SERVICE_NAME.name: {"type": "string", "minLength": 1},
                },
            },
            with(&table::UNIX_SOCKET_PATH, json!({"type": "string"})),
            with(&table::PATH, json!({"type": "string"})),
            with(&table::CLUSTER, json!({"type": "array"})),
            with(&table::STARTUP_NODES, json!({"type": "array"})),
            with(&table::DISABLED, json!({"const": true})),
        ],
        "allOf": [
            {"if": given(&table::URL), "then": {"properties": parts}},
            {
                "if": with(&SENTINELS, json!({"type": "array"})),
                "then": {"properties": places},
                "else": {"properties": of_sentinels},
            },
            {"if": given(&table::UNIX_SOCKET_PATH), "then": {"properties": beside(&table::PATH)}},
            {"if": given(&table::PATH), "then": {"properties": beside(&table::UNIX_SOCKET_PATH)}},
            {"if": of_ssl(json!({"enum": [false, 0]})), "else": {
                "if": {"anyOf": [wants_tls, of_url("^(rediss|valkeys)://")]},
                "then": {"properties": with_tls},
                "else": {"properties": without_tls},
            }},
            {"if": of_url("^(rediss|valkeys)://"), "then": {"not": of_ssl(json!({"enum": [false, 0]}))}},
            {"if": of_url("^(redis|valkey|([a-z]+\\+)?unix)://"), "then": {"not": wants_tls}},
        ],
    })
}

fn property(field: &Field) -> (String, Value) {
    let mut schema = match field.effect {
        Effect::Refused(_) => json!({"type": "null"}),
        // Without TLS these may have any value.
        Effect::OfTls | Effect::UnusableOfTls(_) => json!({}),
        _ => values(field.kind),
    };
    let meaning = match field.effect {
        Effect::Used => field.meaning.to_owned(),
        Effect::Ignored => format!("{}, ignored", field.meaning),
        Effect::OfTls | Effect::UnusableOfTls(_) => {
            format!("{}, ignored without TLS", field.meaning)
        }
        Effect::Refused(asks_for) => format!("{}: {asks_for} is not supported", field.meaning),
    };
    schema["description"] = json!(meaning.replace('`', ""));
    (field.name.to_owned(), schema)
}

/// Returns the values that an option of TLS may have with TLS.
fn of_tls(field: &Field) -> (String, Value) {
    let schema = match field.effect {
        Effect::UnusableOfTls(_) => json!({"enum": [false, null]}),
        _ => values(field.kind),
    };
    (field.name.to_owned(), schema)
}

fn values(kind: Kind) -> Value {
    match kind {
        Kind::FlagOrNumber => json!({"type": ["boolean", "number", "null"]}),
        Kind::Any => json!({}),
        Kind::Flag => json!({"type": ["boolean", "null"]}),
        Kind::Text => json!({"type": ["string", "null"]}),
        Kind::TextOrReference => json!({
            "type": ["string", "object", "null"],
            "properties": {
                "env": {"type": "string", "minLength": 1},
                "file": {"type": "string", "pattern": "^/"},
                "provider": {"type": "string", "minLength": 1},
            },
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
        }),
        Kind::Path => json!({"type": ["string", "null"], "pattern": "^/"}),
        Kind::TlsVersion => json!({"enum": [771, 772, null]}),
        Kind::Either(one, other) => {
            let [one, other] =
                [one, other].map(|text| serde_json::from_str::<Value>(text).unwrap());
            json!({"enum": [one, other, null]})
        }
        Kind::Whole { least, most } => json!({
            "type": ["integer", "string", "null"],
            "minimum": least,
            "maximum": most,
            "pattern": if least > 0 { "^\\s*0*[1-9][0-9]*\\s*$" } else { "^\\s*[0-9]+\\s*$" },
        }),
        Kind::Count => json!({"type": ["integer", "null"], "minimum": 1}),
        Kind::Object => json!({"type": ["object", "null"]}),
        Kind::Servers => json!({
            "type": ["array", "null"],
            "minItems": 1,
            "items": {"type": ["string", "array", "object"]},
        }),
        Kind::Seconds => json!({
            "type": ["number", "null"],
            "minimum": SHORTEST_TIMEOUT,
            "maximum": LONGEST_TIMEOUT,
        }),
    }
}
