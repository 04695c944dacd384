//! A password, or a URL that may hold one, which is never printed.

use std::fmt;
use std::hash::{Hash, Hasher};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A password, or a URL that may hold one: never printed, compared in constant time, and overwritten
/// when it is dropped.
#[derive(Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// Returns the password, or `None` if it is empty. A server treats an empty password as none.
    pub(crate) fn unless_empty(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then(|| Self::new(text))
    }

    /// Returns the password itself, for logging in and for writing the config.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Only the length can be learned from the time that this takes.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (this, other) = (self.expose().as_bytes(), other.expose().as_bytes());
        this.ct_eq(other).into()
    }
}

impl Eq for Secret {}

/// So that it can be a key, beside other secrets of the same process.
impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn r8_a_secret_is_compared_and_not_shown() {
        let secret = |text: &str| Secret::unless_empty(text);
        assert_eq!(secret("a"), secret("a"));
        assert_ne!(secret("a"), secret("b"));
        assert_ne!(secret("a"), secret("aa"));
        assert_eq!(secret(""), None);
        assert_eq!(format!("{:?}", secret("hunter2")), "Some(***)");
    }
}
