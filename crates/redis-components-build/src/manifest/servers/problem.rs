//! A reason to refuse the text that names the config servers.

/// What to do about a secret.
pub(super) const SECRET: &str = "leave the password out here, and give the whole url at run time: in the environment variable `REDIS_CONFIG_URL`, or to `Settings::new`";

/// A reason to refuse the text. It contains none of the text's values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Goes on after the name of what is wrong: "has no scheme".
    pub(super) message: String,
    pub(super) label: &'static str,
    pub(super) help: String,
}

impl Problem {
    pub(super) fn new(
        message: impl Into<String>,
        label: &'static str,
        help: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            label,
            help: help.into(),
        }
    }

    /// Returns a problem from a reason that ends with what to do, after a semicolon.
    pub(super) fn of_reason(subject: &str, reason: &str, label: &'static str) -> Self {
        let (what, help) = reason.split_once("; ").unwrap_or((reason, ""));
        Self::new(format!("{subject} {what}"), label, help)
    }

    pub(super) fn of_secret(what: &str) -> Self {
        Self::new(
            format!("has {what}"),
            "a manifest is no place for secrets",
            SECRET,
        )
    }

    /// Names the server that is wrong, if there are several.
    pub(super) fn of_server(self, number: usize) -> Self {
        Self {
            message: format!("names a server, number {number}, that {}", self.message),
            ..self
        }
    }
}
