//! What stands elsewhere, and belongs to the meaning of a config.

use std::collections::BTreeMap;
use std::fmt;
#[cfg(feature = "tls")]
use std::path::Path;

use secrecy::{ExposeSecret, SecretSlice};
use subtle::ConstantTimeEq;

use super::login::Login;
use super::reference::Reference;
use super::secret::Secret;

/// What the references and files of a config hold. It is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    values: BTreeMap<Reference, Content>,
    /// What the providers of these names have given.
    logins: BTreeMap<String, Login>,
}

/// The content of a file or a variable: compared in constant time, and overwritten when it is
/// dropped.
#[derive(Clone)]
pub(crate) struct Content(SecretSlice<u8>);

impl Contents {
    pub(crate) fn insert(&mut self, at: Reference, content: Content) {
        self.values.insert(at, content);
    }

    pub(crate) fn insert_login(&mut self, provider: String, login: Login) {
        self.logins.insert(provider, login);
    }

    pub(crate) fn get(&self, at: &Reference) -> Option<&Content> {
        self.values.get(at)
    }

    pub(crate) fn login(&self, provider: &str) -> Option<&Login> {
        self.logins.get(provider)
    }

    /// Returns the content of the file at `path`.
    #[cfg(feature = "tls")]
    pub(crate) fn file(&self, path: &Path) -> Option<&[u8]> {
        let content = self.get(&Reference::File(path.into()))?;
        Some(content.bytes())
    }

    /// Returns the user name that stands there.
    pub(crate) fn username(&self, at: &Reference) -> Option<&str> {
        match at {
            Reference::Provider(name) => self.login(name)?.username.as_deref(),
            at => self.get(at)?.text(at),
        }
    }

    /// Returns the password that stands there.
    pub(crate) fn password(&self, at: &Reference) -> Option<&str> {
        match at {
            Reference::Provider(name) => {
                let password = self.login(name)?.password.as_ref();
                password.map(Secret::expose)
            }
            at => self.get(at)?.text(at),
        }
    }
}

impl Content {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Returns the content as text, or `None` if it is not UTF-8. Of a file, one line end at the
    /// end is left out: editors and `echo` write it.
    pub(crate) fn text(&self, at: &Reference) -> Option<&str> {
        let text = str::from_utf8(self.bytes()).ok()?;
        let is_file = matches!(at, Reference::File(_));
        let without = text.strip_suffix('\n').filter(|_| is_file);
        Some(without.map_or(text, |line| line.strip_suffix('\r').unwrap_or(line)))
    }
}

/// Only the length can be learned from the time that this takes.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
    }
}

impl Eq for Content {}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.values.keys())
            .entries(self.logins.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Contents, Reference};

    #[test]
    fn r8_one_line_end_is_no_part_of_a_password_in_a_file() {
        let file = Reference::File("/run/secrets/x".into());
        let variable = Reference::Env("X".to_owned());
        for (bytes, of_file) in [
            (&b"pw"[..], Some("pw")),
            (b"pw\n", Some("pw")),
            (b"pw\r\n", Some("pw")),
            (b"pw\n\n", Some("pw\n")),
            (b" p\nw \n", Some(" p\nw ")),
            (b"\n", Some("")),
            (b"\xff", None),
        ] {
            let content = Content::new(bytes.to_vec());
            assert_eq!(content.text(&file), of_file);
            assert_eq!(content.text(&variable), str::from_utf8(bytes).ok());
        }
    }

    #[test]
    fn r7_contents_are_compared_and_not_shown() {
        let at = Reference::File("/run/secrets/x".into());
        let of = |content: &str| {
            let mut contents = Contents::default();
            contents.insert(at.clone(), Content::new(content.into()));
            contents
        };
        assert_eq!(of("hunter2"), of("hunter2"));
        assert_ne!(of("hunter2"), of("hunter3"));
        assert_ne!(of("hunter2"), Contents::default());
        let shown = format!("{:?} {:?}", of("hunter2"), of("hunter2").get(&at));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("/run/secrets/x"), "{shown}");
    }
}
