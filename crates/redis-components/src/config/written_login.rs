//! A login as a config writes it.

use super::contents::Contents;
use super::login::Login;
use super::reference::{Reference, Written};
use super::secret::Secret;

/// A login as a config writes it: its parts may stand elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenLogin {
    pub(crate) username: Option<Written<String>>,
    pub(crate) password: Option<Written<Secret>>,
}

impl WrittenLogin {
    /// Returns where the user and the password stand, if they stand elsewhere.
    pub(super) fn references(&self) -> [Option<&Reference>; 2] {
        [
            elsewhere(self.username.as_ref()),
            elsewhere(self.password.as_ref()),
        ]
    }

    /// Returns the login itself. `None` if a part of it stands elsewhere, and has not been read.
    pub(super) fn with(&self, contents: &Contents) -> Option<Login> {
        let provided = match elsewhere(self.password.as_ref()) {
            Some(Reference::Provider(name)) => Some(contents.login(name)?),
            _ => None,
        };
        let username = match &self.username {
            Some(Written::Here(name)) => Some(name.clone()),
            Some(Written::Elsewhere(at)) => Some(contents.username(at)?.to_owned()),
            None => provided.and_then(|login| login.username.clone()),
        };
        let password = match &self.password {
            Some(Written::Here(password)) => Some(password.clone()),
            Some(Written::Elsewhere(at)) => Some(Secret::new(contents.password(at)?)),
            None => None,
        };
        Some(Login { username, password })
    }
}

fn elsewhere<T>(written: Option<&Written<T>>) -> Option<&Reference> {
    match written {
        Some(Written::Elsewhere(reference)) => Some(reference),
        _ => None,
    }
}
