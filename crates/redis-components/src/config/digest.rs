//! A short name for what a config means.

use hmac_sha256::HMAC;
use serde_json::Value;

use super::component_config::ComponentConfig;
use super::needs::ContentKind;

/// The fields that hold secrets.
const SECRETS: [&str; 2] = ["password", "sentinel_password"];

/// How many bytes of the hash are kept. Nobody gains by a collision: whoever can write configs may
/// write any.
const LENGTH: usize = 8;

impl ComponentConfig {
    /// Returns 16 hexadecimal digits that are the same for every config with this meaning, in every
    /// process and in every language.
    ///
    /// The digest covers every field. A secret is covered only if there is a salt: without one,
    /// whoever sees a digest could try passwords against it. The salt of a fleet is on its config server,
    /// beside the configs, where only those read it who can read the passwords.
    ///
    /// A user name or password that stands elsewhere is covered by where it stands. Once the config
    /// is [resolved](Self::resolve), it is covered as if it stood in the config.
    ///
    /// It is the beginning of HMAC-SHA-256, with the salt as the key, of [`to_json`](Self::to_json)
    /// with its names sorted and without white space.
    #[must_use]
    pub fn digest(&self, salt: &str) -> String {
        let mut text = String::new();
        // The order of `to_json` depends on features of serde_json that other crates switch on.
        if let Ok(Value::Object(mut object)) = serde_json::from_str(&self.to_json()) {
            if salt.is_empty() {
                object.retain(|name, value| !(SECRETS.contains(&&**name) && value.is_string()));
            }
            for (field, content) in self.written_elsewhere() {
                match content {
                    _ if salt.is_empty() => drop(object.remove(&field)),
                    Some(content) => drop(object.insert(field, content.into())),
                    None => {}
                }
            }
            write_sorted(&Value::Object(object), &mut text);
        }
        let hash = HMAC::mac(text, salt);
        hash.iter()
            .take(LENGTH)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl ComponentConfig {
    /// Returns the digest of the config as it is written, whatever stands elsewhere: a tool that
    /// cannot read that tells the same.
    pub(crate) fn written_digest(&self, salt: &str) -> String {
        self.clone().with_contents(None).digest(salt)
    }

    /// Returns the user names and passwords that stand elsewhere, by the names of their fields, if
    /// they are known.
    fn written_elsewhere(&self) -> impl Iterator<Item = (String, Option<&str>)> {
        let needs = self.needs().into_iter();
        needs
            .filter(|needed| needed.kind != ContentKind::Pem)
            .map(|needed| {
                let contents = self.contents.as_deref();
                let text = contents.and_then(|contents| match needed.kind {
                    ContentKind::Name => contents.username(&needed.at),
                    _ => contents.password(&needed.at),
                });
                (needed.field, text)
            })
    }
}

fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<_> = object.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            write_list(text, ['{', '}'], fields, |(name, value), text| {
                text.push_str(&Value::from(&**name).to_string());
                text.push(':');
                write_sorted(value, text);
            });
        }
        Value::Array(elements) => write_list(text, ['[', ']'], elements, write_sorted),
        simple => text.push_str(&simple.to_string()),
    }
}

fn write_list<T>(
    text: &mut String,
    [open, close]: [char; 2],
    elements: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    text.push(open);
    for (number, element) in elements.into_iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        write(element, text);
    }
    text.push(close);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::component_config::ComponentConfig;
    use super::super::contents::{Content, Contents};

    fn config() -> ComponentConfig {
        ComponentConfig::new("h").port(1).db(2).username("ü\"")
    }

    #[test]
    fn r14_other_languages_can_tell_the_same_digest() {
        // Python: hmac.new(b"salt", json.dumps(config, sort_keys=True, separators=(",", ":"),
        // ensure_ascii=False).encode(), "sha256").hexdigest()[:16]
        assert_eq!(config().password("p").digest("salt"), "c88fdec572a117f6");
        assert_eq!(config().digest(""), "0ac898fd51a7c1c6");
    }

    #[test]
    fn r14_a_salted_digest_covers_the_password() {
        let [first, second] = ["one", "two"].map(|password| config().password(password));
        assert_ne!(first.digest("salt"), second.digest("salt"));
        assert_ne!(first.digest("salt"), config().digest("salt"));
        assert_ne!(first.digest("salt"), first.digest("pepper"));
    }

    #[test]
    fn r14_equal_contents_give_equal_digests_wherever_they_stand() {
        let text = |reference| format!(r#"{{"host":"h","username":"u","password":{reference}}}"#);
        let read = |reference| ComponentConfig::from_json(&text(reference)).unwrap();
        let with = |reference, password: &str| {
            let config = read(reference);
            let mut contents = Contents::default();
            let at = config.needs().remove(0).at;
            contents.insert(at, Content::new(password.into()));
            config.with_contents(Some(Arc::new(contents)))
        };
        let (file, env) = (r#"{"file":"/run/x"}"#, r#"{"env":"X"}"#);
        let here = read("\"p\"").digest("salt");
        assert_eq!(with(file, "p\n").digest("salt"), here);
        assert_eq!(with(env, "p").digest("salt"), here);
        assert_ne!(with(file, "q").digest("salt"), here);
        assert_ne!(read(file).digest("salt"), read(env).digest("salt"));
        let resolved = with(file, "p");
        assert_eq!(resolved.written_digest("salt"), read(file).digest("salt"));
        // Without a salt nothing of it is covered.
        for config in [read(file), read(env), with(file, "p"), with(env, "q")] {
            assert_eq!(config.digest(""), read("\"p\"").digest(""));
        }
    }

    #[test]
    fn r8_without_a_salt_the_password_is_left_out() {
        assert_eq!(config().digest(""), config().password("p").digest(""));
        assert_ne!(config().digest(""), config().db(1).digest(""));
    }

    #[test]
    fn r7_the_digest_is_that_of_the_meaning() {
        let read = |text| ComponentConfig::from_json(text).unwrap().digest("salt");
        let short = read(r#"{"host":"h","socket_timeout":2}"#);
        let long = read(r#"{"socket_timeout": 2.0, "db": "0", "comment": "c", "host": "h"}"#);
        assert_eq!(short, long);
        for other in [
            r#"{"host":"i","socket_timeout":2}"#,
            r#"{"host":"h","socket_timeout":3}"#,
            r#"{"host":"h","socket_timeout":2,"max_connections":3}"#,
            r#"{"host":"h","socket_timeout":2,"socket_connect_timeout":3}"#,
            r#"{"host":"h","socket_timeout":2,"disabled":true}"#,
            r#"{"host":"h","socket_timeout":2,"username":"u"}"#,
            r#"{"host":"h","socket_timeout":2,"port":1}"#,
            r#"{"host":"h","socket_timeout":2,"client_name":"n"}"#,
            r#"{"host":"h","socket_timeout":2,"ssl":true}"#,
            r#"{"host":"h","socket_timeout":2,"ssl":true,"ssl_ca_certs":"/ca.pem"}"#,
            r#"{"unix_socket_path":"/run/h","socket_timeout":2}"#,
        ] {
            assert_ne!(read(other), short, "{other}");
        }
    }
}
