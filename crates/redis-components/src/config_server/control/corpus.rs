//! The values of the control key that all languages understand alike.

use std::collections::BTreeMap;
use std::fs;
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};

use super::canary::Canary;
use super::prepared::{Prepared, Refusals};
use super::reading::Control;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/receipts/control-cases.json"
);

#[test]
fn r14_the_control_key_says_what_the_corpus_says() {
    let corpus: Value = serde_json::from_str(&fs::read_to_string(CASES).unwrap()).unwrap();
    let cases = corpus["cases"].as_array().unwrap();
    assert!(cases.len() > 150);
    let wrong: Vec<String> = cases.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns what the key says instead of what the case says, if that is another.
fn differs(case: &Value) -> Option<String> {
    let found = Control::read(Ok(value_of(case)));
    let said = match &found {
        Ok((control, problems)) => json!({
            "means": meaning(control),
            "left_out": problems.iter().map(|problem| named(problem)).collect::<Vec<_>>(),
        }),
        Err(_) => json!({"refused": true}),
    };
    let expected = match &case["refused"] {
        Value::Null => {
            let left_out = case.get("left_out").cloned().unwrap_or_else(|| json!([]));
            json!({"means": case["means"], "left_out": left_out})
        }
        _ => json!({"refused": true}),
    };
    let shows_secret = match &found {
        Ok((_, problems)) => problems.concat().contains("cretZ"),
        Err(problem) => problem.contains("cretZ"),
    };
    let name = &case["name"];
    (said != expected || shows_secret)
        .then(|| format!("{name}: {said} and not {expected} {found:?}"))
}

fn value_of(case: &Value) -> Vec<u8> {
    if let Some(hex) = case["hex"].as_str() {
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        return (0..hex.len()).step_by(2).map(byte).collect();
    }
    let text = case["value"].as_str().unwrap();
    let repeat = &case["repeat"];
    let Some(repeated) = repeat["text"].as_str() else {
        return text.into();
    };
    let times = usize::try_from(repeat["times"].as_u64().unwrap()).unwrap();
    let repeated = repeated.repeat(times);
    match repeat["at"].as_str() {
        Some(at) => text.replace(at, &repeated).into_bytes(),
        None => format!("{text}{repeated}").into_bytes(),
    }
}

/// Returns the part that a problem names.
fn named(problem: &str) -> &str {
    problem.split('`').nth(1).unwrap_or(problem)
}

/// Returns what the key says, without the parts that are as usual.
fn meaning(control: &Control) -> Value {
    let mut parts = Map::new();
    if !control.salt.is_empty() {
        parts.insert("salt".into(), json!(control.salt));
    }
    let timing = control.timing.numbers();
    if timing != Control::default().timing.numbers() {
        parts.insert("receipts".into(), Value::Array(timing.map(number).into()));
    }
    let canaries = of_each(&control.canaries, canary);
    let prepared = of_each(&control.prepared, candidate);
    for (name, part) in [("canary", canaries), ("prepare", prepared)] {
        if !part.is_empty() {
            parts.insert(name.into(), part.into());
        }
    }
    parts.into()
}

fn of_each<T>(all: &BTreeMap<String, T>, show: impl Fn(&T) -> Value) -> Map<String, Value> {
    let shown = all.iter().map(|(name, one)| (name.clone(), show(one)));
    shown.collect()
}

fn canary(canary: &Canary) -> Value {
    let (percent, salt) = canary.share();
    json!({"config": written(&canary.config), "percent": number(percent), "salt": salt})
}

fn candidate(prepared: &Prepared) -> Value {
    let seconds = prepared.until.map(|until| {
        let since = until.duration_since(UNIX_EPOCH).unwrap();
        number(since.as_secs_f64())
    });
    json!({
        "id": prepared.id,
        "config": written(&prepared.config),
        "until": seconds,
        "on": codes(prepared.takes),
        "hold": codes(prepared.holds),
        "run_id": prepared.run_id,
    })
}

fn codes(refusals: Refusals) -> Vec<&'static str> {
    let all = ["NOREPLICAS", "READONLY"].into_iter();
    all.filter(|code| refusals.has(code)).collect()
}

fn written(config: &crate::config::ComponentConfig) -> Value {
    serde_json::from_str(&config.to_json()).unwrap()
}

/// Returns a number as the corpus writes it: without a fraction if it has none.
fn number(number: f64) -> Value {
    let text = number.to_string();
    serde_json::from_str(&text).unwrap()
}
