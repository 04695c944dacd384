//! What components report.

use std::fmt;
use std::sync::{Mutex, PoisonError, Weak};

use crate::receipts::ComponentReceipt;

/// A component that can say what it runs.
pub(crate) trait Report: fmt::Debug + Send + Sync {
    fn component(&self) -> &str;

    /// Returns what the component runs now, with digests for `salt`.
    fn report(&self, salt: &str) -> ComponentReceipt;
}

/// The components in use.
#[derive(Debug, Default)]
pub(crate) struct Reporters(Mutex<Vec<Weak<dyn Report>>>);

impl Reporters {
    pub(crate) fn add(&self, reporter: Weak<dyn Report>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(reporter);
    }

    /// Returns what all components run now, by their names.
    pub(super) fn reports(&self, salt: &str) -> Vec<(String, ComponentReceipt)> {
        // A component takes its own lock to report.
        let all = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|reporter| reporter.strong_count() > 0);
            all.clone()
        };
        let living = all.iter().filter_map(Weak::upgrade);
        living
            .map(|reporter| (reporter.component().to_owned(), reporter.report(salt)))
            .collect()
    }
}
