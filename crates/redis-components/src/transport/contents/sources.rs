//! Where secrets may come from: the application's providers, and what its policy allows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::provider::{Given, Provider};
use super::wanted::Wanted;
use crate::config::login::Login;
use crate::error::text::printable;
use crate::settings::Settings;
use crate::settings::policy::Policy;

/// Where secrets may come from.
pub(crate) struct Sources {
    /// Each has the login that it gave last. One thread at a time asks a provider.
    providers: BTreeMap<String, Provider>,
    policy: Arc<Policy>,
}

impl Sources {
    pub(crate) fn new(settings: &Settings) -> Arc<Self> {
        let providers = settings.providers().iter();
        let all = providers
            .map(|(name, provider)| (name.clone(), Provider::new(Arc::clone(&provider.0))));
        Arc::new(Self {
            providers: all.collect(),
            policy: Arc::clone(settings.allowed()),
        })
    }

    /// Returns which files and variables may be read.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Refuses a provider that this process does not have.
    ///
    /// # Errors
    ///
    /// Returns the reason, as it stands after "which".
    pub(super) fn demand(&self, name: &str) -> Result<(), String> {
        match self.providers.get(name) {
            Some(_) => Ok(()),
            None => Err(self.unknown()),
        }
    }

    /// Returns a login of the provider. This blocks.
    ///
    /// # Errors
    ///
    /// Returns the reason, as it stands after "which", if there is none.
    pub(super) fn get(&self, name: &str, wanted: Wanted) -> Result<Given, String> {
        match self.providers.get(name) {
            Some(provider) => provider.get(wanted),
            None => Err(self.unknown()),
        }
    }

    /// Notes that a server has refused a login. The next connect asks its provider for another.
    pub(crate) fn note_refused(&self, login: &Login) {
        for provider in self.providers.values() {
            provider.note_refused(login);
        }
    }

    fn unknown(&self) -> String {
        let known: Vec<_> = self.providers.keys().map(|name| printable(name)).collect();
        let known = match known.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        format!("this process does not have (it has {known}); see `Settings::credentials`")
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.providers.keys()).finish()
    }
}
