//! What the control key says.

use std::collections::BTreeMap;

use redis::RedisError;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::canary::Canary;
use super::prepared::Prepared;
use crate::config::json;
use crate::config_server::read_command::READ_LIMIT;
use crate::config_server::reading::Answer;
use crate::config_server::receipts::timing::Timing;
use crate::error::server_words::meaning;
use crate::error::text::printable;

/// The longest salt, in bytes.
const LONGEST_SALT: usize = 256;

/// What the control key says, as far as it is understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Control {
    pub(in crate::config_server) timing: Timing,
    /// The key of all digests in receipts.
    pub(in crate::config_server) salt: String,
    /// By component.
    pub(in crate::config_server) canaries: BTreeMap<String, Canary>,
    /// By component.
    pub(in crate::config_server) prepared: BTreeMap<String, Prepared>,
}

/// The parts of the control key. Others are for later versions.
#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    receipts: Option<&'a RawValue>,
    #[serde(borrow)]
    salt: Option<&'a RawValue>,
    #[serde(borrow)]
    canary: Option<&'a RawValue>,
    #[serde(borrow)]
    prepare: Option<&'a RawValue>,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            timing: Timing::DEFAULT,
            salt: String::new(),
            canaries: BTreeMap::new(),
            prepared: BTreeMap::new(),
        }
    }
}

impl Control {
    /// Reads the answer to a read of the control key. Parts that are not understood are left out,
    /// and named among the problems.
    ///
    /// # Errors
    ///
    /// Returns what is wrong if nothing is understood. Then what was said before holds on.
    pub(super) fn read(answer: Answer) -> Result<(Self, Vec<String>), String> {
        let value = Zeroizing::new(answer.map_err(|error| refused(&error))?);
        if value.is_empty() {
            return Ok((Self::default(), Vec::new()));
        }
        if value.len() > READ_LIMIT {
            return Err(format!("it is longer than {READ_LIMIT} bytes"));
        }
        let is_wrong = || "it is no JSON object, or a name is given twice in an object".to_owned();
        let text = str::from_utf8(&value).map_err(|_| is_wrong())?;
        json::demand_unique(text).map_err(|_| is_wrong())?;
        let parts: Parts<'_> = json::object(text).ok_or_else(is_wrong)?;
        let (mut control, mut problems) = (Self::default(), Vec::new());
        let mut note = |part: &str, problem: String| problems.push(format!("`{part}`: {problem}"));
        match parts.receipts.map(|text| Timing::read(text.get())) {
            Some(Ok(timing)) => control.timing = timing,
            Some(Err(problem)) => note("receipts", problem),
            None => {}
        }
        match parts.salt.map(|text| salt(text.get())) {
            Some(Ok(salt)) => control.salt = salt,
            Some(Err(problem)) => note("salt", problem),
            None => {}
        }
        let canaries = each(parts.canary, "canary", Canary::read, &mut note);
        let prepared = each(parts.prepare, "prepare", Prepared::read, &mut note);
        (control.canaries, control.prepared) = (canaries, prepared);
        Ok((control, problems))
    }
}

fn refused(error: &RedisError) -> String {
    match error.code() {
        Some("WRONGTYPE") => "the key holds no string".to_owned(),
        Some(_) => format!("it cannot be read ({})", meaning(error)),
        None => "it cannot be read".to_owned(),
    }
}

fn salt(text: &str) -> Result<String, String> {
    let salt: String = serde_json::from_str(text).map_err(|_| "it is no string".to_owned())?;
    if salt.len() > LONGEST_SALT {
        return Err(format!("it is longer than {LONGEST_SALT} bytes"));
    }
    Ok(salt)
}

/// Reads a part that says something of each component, and notes what is not understood.
fn each<T>(
    part: Option<&RawValue>,
    name: &str,
    read: impl Fn(&str) -> Result<T, String>,
    note: &mut impl FnMut(&str, String),
) -> BTreeMap<String, T> {
    let Some(part) = part else {
        return BTreeMap::new();
    };
    let Ok(all) = serde_json::from_str::<BTreeMap<String, &RawValue>>(part.get()) else {
        note(name, "it is no object of components".to_owned());
        return BTreeMap::new();
    };
    let mut understood = BTreeMap::new();
    for (component, text) in all {
        match read(text.get()) {
            Ok(one) => drop(understood.insert(component, one)),
            Err(problem) => note(&format!("{name}.{}", printable(&component)), problem),
        }
    }
    understood
}

#[cfg(test)]
mod tests {
    use super::Control;

    fn read(text: &str) -> Result<(Control, Vec<String>), String> {
        Control::read(Ok(text.as_bytes().to_vec()))
    }

    #[test]
    fn r14_what_is_not_understood_is_named_and_the_rest_holds() {
        let text = r#"{"salt":"s","receipts":{"every":"often"},"new":[1],"canary":{
            "logs":{"config":{"host":"h"},"percent":5},
            "stats":{"config":{"host":"h","password":"cretZ","hots":"x"},"percent":5},
            "locks":{"percent":5}},
            "prepare":{"logs":{"id":"m","config":{"host":"n"}},"stats":{"id":"m","config":{"password":"cretZ"}}}}"#;
        let (control, problems) = read(text).unwrap();
        assert_eq!(control.salt, "s");
        assert_eq!(control.timing, Control::default().timing);
        let canaries: Vec<&String> = control.canaries.keys().collect();
        assert_eq!(canaries, ["logs"]);
        let named: Vec<&str> = problems
            .iter()
            .filter_map(|problem| problem.split('`').nth(1))
            .collect();
        let expected = ["receipts", "canary.locks", "canary.stats", "prepare.stats"];
        assert_eq!(named, expected);
        let prepared: Vec<&String> = control.prepared.keys().collect();
        assert_eq!(prepared, ["logs"]);
        assert!(!problems.concat().contains("cretZ"), "{problems:?}");
    }

    #[test]
    fn r14_a_control_key_that_is_gone_says_nothing() {
        assert_eq!(read("").unwrap(), (Control::default(), Vec::new()));
        assert_eq!(read("{}").unwrap(), (Control::default(), Vec::new()));
    }

    #[test]
    fn r14_what_is_no_object_is_refused_as_a_whole() {
        for text in ["1", "{", "[]", r#"{"salt":"a","salt":"b"}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(70_000));
        assert!(read(&long).is_err());
    }
}
