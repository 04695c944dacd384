//! Generated configs.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::table::FIELDS;
use super::{ComponentConfig, json};
use crate::error::text::is_printable;
use crate::generated::{spoil, with_each};

/// Stands in passwords and in all text that may hold one. No message may show it.
pub(crate) const SECRET: &str = "cretZ";

const TEXTS: [&str; 24] = [
    "h",
    "127.0.0.1",
    "0x7f.1",
    "[::1]",
    "fe80::1%eth0",
    "::ffff:0.0.0.0",
    "xn--a",
    "a.b.",
    "h:6379",
    "redis://u:cretZ@h:1/2",
    "redis://:cretZ%zz@[::1]:0/x?db=1",
    "rediss://cretZ@h",
    "redis+unix:///cretZ?db=1",
    "/run/cretZ",
    "cretZ",
    "cret\u{202e}Z",
    "a\nb",
    "\u{feff}\0",
    "",
    " ",
    "6379",
    "-1",
    "1e400",
    "ü",
];

/// Returns the bytes of a value that is more or less a config.
pub(crate) fn config(rng: &mut Rng) -> Vec<u8> {
    let mut object = Map::new();
    for _ in 0..rng.usize(..6) {
        object.insert(name(rng), value(rng, 0));
    }
    if rng.bool() {
        object.insert("host".to_owned(), json!(text(rng)));
    }
    let mut text = Value::Object(object).to_string();
    match rng.u8(..20) {
        // The same names once more.
        0 => text = format!("{},{}", &text[..text.len() - 1], &text[1..]),
        1 => text = "[".repeat(rng.usize(..5000)),
        2 => text = format!("{{\"x-a\":{}", "{\"a\":".repeat(rng.usize(..5000))),
        3 => text.push_str(&" ".repeat(rng.usize(..70_000))),
        4 => text = format!("\"{}\"", TEXTS[rng.usize(..TEXTS.len())]),
        _ => {}
    }
    let mut bytes = text.into_bytes();
    spoil(rng, &mut bytes);
    bytes
}

fn name(rng: &mut Rng) -> String {
    match rng.u8(..12) {
        0 => text(rng),
        1 => format!("x-{}", text(rng)),
        2 => FIELDS[rng.usize(..FIELDS.len())].name.to_uppercase(),
        _ => FIELDS[rng.usize(..FIELDS.len())].name.to_owned(),
    }
}

fn value(rng: &mut Rng, depth: usize) -> Value {
    match rng.u8(..12) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..)),
        3 => json!(rng.u64(..20_000)),
        4 => json!(f64::from_bits(rng.u64(..))),
        5 if depth < 4 => (0..rng.usize(..4)).map(|_| value(rng, depth + 1)).collect(),
        6 if depth < 4 => {
            let fields = (0..rng.usize(..4)).map(|_| (text(rng), value(rng, depth + 1)));
            Value::Object(fields.collect())
        }
        _ => json!(text(rng)),
    }
}

fn text(rng: &mut Rng) -> String {
    let [first, second] = [0; 2].map(|_| TEXTS[rng.usize(..TEXTS.len())]);
    match rng.u8(..8) {
        0 => first.repeat(rng.usize(..400)),
        1 => format!("{first}{second}"),
        2 => format!("{first}.{second}"),
        _ => first.to_owned(),
    }
}

#[test]
fn r11_no_generated_config_does_harm() {
    let (mut good, mut bad) = (0, 0);
    with_each(|rng| {
        let bytes = config(rng);
        let Ok(text) = str::from_utf8(&bytes) else {
            return;
        };
        match json::parse(text) {
            Ok(config) => {
                good += 1;
                let shown = format!("{config:?} {} {}", config.address(), config.digest(""));
                assert!(is_printable(&shown), "{shown}");
                let again = ComponentConfig::from_json(&config.to_json());
                assert_eq!(again.unwrap(), config);
            }
            Err(message) => {
                bad += 1;
                assert!(is_printable(&message), "{message}");
                assert!(message.len() < 1500, "{message}");
                // The name of a field may be shown.
                let is_name =
                    message.contains("` is not a known field") || message.contains("given twice");
                assert!(is_name || !message.contains(SECRET), "{message}");
            }
        }
    });
    assert!(good > 0 && bad > 0, "{good} good, {bad} bad");
}
