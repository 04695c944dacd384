//! The cases of `config-cases.json`.

use redis_components::{ComponentConfig, Error};
use serde_json::Value;

/// A config as it is written, and what becomes of it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) verdict: Verdict,
}

#[derive(Debug)]
pub(crate) enum Source {
    Json(String),
    Url(String),
}

#[derive(Debug)]
pub(crate) enum Verdict {
    /// The config is used and means this one, which is written in the shortest way.
    Means {
        config: Value,
        /// The digest without a salt, and that with [`salt`].
        digests: [String; 2],
    },
    /// The config is refused, and the message has this in it.
    Refused(String),
}

impl Source {
    pub(crate) fn parse(&self) -> Result<ComponentConfig, Error> {
        match self {
            Self::Json(text) => ComponentConfig::from_json(text),
            Self::Url(text) => ComponentConfig::from_url(text),
        }
    }
}

/// Returns all cases.
pub(crate) fn cases() -> Vec<Case> {
    let corpus = corpus();
    let cases = corpus["cases"].as_array().unwrap();
    cases.iter().map(case).collect()
}

/// Returns the salt of the second digest of each case.
pub(crate) fn salt() -> String {
    corpus()["salt"].as_str().unwrap().to_owned()
}

fn corpus() -> Value {
    serde_json::from_str(include_str!("config-cases.json")).unwrap()
}

fn case(case: &Value) -> Case {
    let text = |field: &str| case[field].as_str().map(str::to_owned);
    let source = match (text("json"), text("url")) {
        (Some(json), None) => Source::Json(json),
        (None, Some(url)) => Source::Url(url),
        _ => panic!("a case has either `json` or `url`: {case}"),
    };
    let verdict = match (case.get("means"), text("refused")) {
        (Some(means), None) => Verdict::Means {
            config: means.clone(),
            digests: serde_json::from_value(case["digests"].clone()).unwrap(),
        },
        (None, Some(refused)) => Verdict::Refused(refused),
        _ => panic!("a case has either `means` or `refused`: {case}"),
    };
    Case {
        name: text("name").unwrap(),
        source,
        verdict,
    }
}
