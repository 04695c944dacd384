//! `key=value` on the command line.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::context::{ask_secret, read_text};
use crate::failure::{Code, Failure};
use crate::redact::is_shown;
use crate::text::printable;

/// Fields that are text, also if they look like a number.
const TEXT: [&str; 9] = [
    "client_name",
    "comment",
    "host",
    "password",
    "sentinel_password",
    "sentinel_username",
    "service_name",
    "url",
    "username",
];
const SECRETS: [&str; 2] = ["password", "sentinel_password"];

/// One change of one field.
#[derive(Debug)]
pub(crate) struct Assignment {
    name: String,
    value: Given,
}

#[derive(Debug)]
enum Given {
    Value(Value),
    Removed,
    Asked,
    File(PathBuf),
}

impl Assignment {
    /// Reads `key=value`, or returns `None` for the name of a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is a secret, which every user of the machine could see.
    pub(crate) fn read(text: &str) -> Result<Option<Self>, Failure> {
        let Some((name, value)) = text.split_once('=') else {
            return Ok(None);
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(is_name) {
            return Ok(None);
        }
        let file = value.strip_prefix('@').filter(|path| !path.is_empty());
        let is_own_secret = name.starts_with("x-") && !is_shown(name);
        let is_secret = SECRETS.contains(&name) || is_own_secret;
        let may_be_secret = is_secret || name == "url";
        let value = match (value, file) {
            ("" | "null", _) => Given::Removed,
            ("-", _) if may_be_secret => Given::Asked,
            (_, Some(path)) if may_be_secret => Given::File(path.into()),
            _ if is_secret && !is_reference(value) => return Err(secret(name)),
            _ if name == "sentinel_kwargs" => return Err(secrets(name)),
            _ if name == "url" && value.contains('@') => return Err(secret(name)),
            _ if TEXT.contains(&name) && !is_reference(value) => Given::Value(value.into()),
            _ => Given::Value(serde_json::from_str(value).unwrap_or_else(|_| value.into())),
        };
        Ok(Some(Self {
            name: name.to_owned(),
            value,
        }))
    }

    /// Changes the field.
    ///
    /// # Errors
    ///
    /// Returns an error if a secret cannot be asked for or read.
    pub(crate) async fn apply(&self, object: &mut Map<String, Value>) -> Result<(), Failure> {
        let value = match &self.value {
            Given::Removed => {
                object.remove(&self.name);
                return Ok(());
            }
            Given::Value(value) => value.clone(),
            Given::Asked => ask_secret(&self.name, &format!("{}=@FILE", self.name))
                .await?
                .into(),
            Given::File(path) => read_text(path).await?.trim_end_matches(['\r', '\n']).into(),
        };
        object.insert(self.name.clone(), value);
        Ok(())
    }
}

/// Returns `true` for `{"env": "NAME"}`.
fn is_reference(text: &str) -> bool {
    serde_json::from_str(text).is_ok_and(|value: Value| value.is_object())
}

fn secret(name: &str) -> Failure {
    let name = printable(name);
    let text = format!(
        "every user of this machine can see the arguments of a process; write {name}=- to be \
        asked, or {name}=@FILE"
    );
    Failure::new(Code::SecretInArguments, text)
}

fn secrets(name: &str) -> Failure {
    let text = format!(
        "`{name}` may hold a password, and every user of this machine can see the arguments of a process; write the \
         whole config into a file, or give `-` and write it to standard input"
    );
    Failure::new(Code::SecretInArguments, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Assignment, Given};

    fn given(text: &str) -> Option<Given> {
        Assignment::read(text)
            .unwrap()
            .map(|assignment| assignment.value)
    }

    #[test]
    fn a_value_is_json_if_it_is_not_text() {
        let value = |text| match given(text) {
            Some(Given::Value(value)) => value,
            other => panic!("{other:?}"),
        };
        assert_eq!(value("port=6380"), json!(6380));
        assert_eq!(value("username=123"), json!("123"));
        assert_eq!(value("ssl=true"), json!(true));
        assert_eq!(value("host=10.0.0.7"), json!("10.0.0.7"));
        assert_eq!(value("password={\"env\":\"NAME\"}"), json!({"env": "NAME"}));
        assert!(matches!(given("port="), Some(Given::Removed)));
        assert!(matches!(given("password=@f"), Some(Given::File(_))));
        assert!(matches!(given("password=-"), Some(Given::Asked)));
        assert!(given("./a=b/logs.json").is_none());
        assert!(given("logs.json").is_none());
    }

    #[test]
    fn r8_a_secret_is_no_argument() {
        for text in [
            "password=s3cret",
            "url=redis://:s3cret@h",
            "sentinel_password=s3cret",
            r#"sentinel_kwargs={"password":"s3cret"}"#,
            "x-token=s3cret",
        ] {
            let failure = Assignment::read(text).unwrap_err();
            assert_eq!(failure.code.exit(), 2);
            assert!(!failure.message.contains("s3cret"), "{}", failure.message);
        }
    }
}
