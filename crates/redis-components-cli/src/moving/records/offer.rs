//! Whether callers are served through the candidate of a move while the configs do not name the new
//! server yet.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::fleet::control::Control;
use crate::moving::records::record::Record;
use crate::session::Session;

/// What becomes of the writes that the old server refuses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// They go to the new server, until this time if there is an end.
    Open(Option<SystemTime>),
    /// They fail, for this reason.
    Closed(String),
    /// It is not known, for this reason.
    Unknown(String),
}

impl Session {
    /// Looks at the candidates of a move whose new server is in this run.
    pub(crate) async fn offer_of(&self, record: &Record, run: &str) -> Offer {
        let control = match self.strict_control().await {
            Ok(control) => control,
            Err(failure) => return Offer::Unknown(failure.message),
        };
        let mut first = Offer::Open(None);
        for component in record.components() {
            first = match (first, judge(&control, component, record, run)) {
                (Offer::Open(Some(one)), Offer::Open(Some(other))) => {
                    Offer::Open(Some(one.min(other)))
                }
                (Offer::Open(Some(one)), Offer::Open(None)) => Offer::Open(Some(one)),
                (_, judged) => judged,
            };
            if matches!(first, Offer::Closed(_)) {
                break;
            }
        }
        first
    }
}

/// Judges the candidate of a component as processes do.
fn judge(control: &Control, component: &str, record: &Record, run: &str) -> Offer {
    let closed = |why: &str| Offer::Closed(format!("the candidate of `{component}` {why}"));
    let candidate = match control.candidate(component) {
        Some(candidate) if candidate["id"] == *record.id => candidate,
        Some(_) => return closed("is another one"),
        None => return closed("is gone"),
    };
    let until = match &candidate["until"] {
        Value::Null => None,
        until => match time(until) {
            Some(until) => Some(until),
            None => return closed("has an `until` that is no time"),
        },
    };
    if let Some(until) = until.filter(|until| *until <= SystemTime::now()) {
        return closed(&format!("has ended at {}", shown(until)));
    }
    if candidate["run_id"].as_str().is_some_and(|of| of != run) {
        return closed("is for an earlier run of the new server, which has started again since");
    }
    let on = candidate["on"].as_array();
    if on.is_some_and(|on| !on.iter().any(|code| code == "READONLY")) {
        return closed("does not take what a replica refuses");
    }
    Offer::Open(until)
}

/// Reads a time as RFC 3339, or in Unix seconds.
fn time(until: &Value) -> Option<SystemTime> {
    match until {
        Value::String(text) => humantime::parse_rfc3339_weak(text).ok(),
        until => {
            let since = Duration::try_from_secs_f64(until.as_f64()?).ok()?;
            UNIX_EPOCH.checked_add(since)
        }
    }
}

fn shown(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    crate::time::of_unix(since.as_secs()).unwrap_or_else(|| "a late time".to_owned())
}

impl Offer {
    /// Returns what becomes of refused writes, for scripts.
    pub(crate) fn shown(&self) -> Value {
        match self {
            Self::Open(until) => json!({"takes_writes": true, "until": until.map(shown)}),
            Self::Closed(why) => json!({"takes_writes": false, "reason": why}),
            Self::Unknown(why) => json!({"takes_writes": null, "reason": why}),
        }
    }

    /// Returns what a cut means that the configs do not follow yet.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Open(None) => "callers write there by the candidate".to_owned(),
            Self::Open(Some(until)) => {
                format!(
                    "callers write there by the candidate until {}",
                    shown(*until)
                )
            }
            Self::Closed(why) => format!("writes are refused, because {why}"),
            Self::Unknown(why) => {
                format!("whether callers write there by the candidate is unknown, because {why}")
            }
        }
    }
}
