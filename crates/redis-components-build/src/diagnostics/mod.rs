//! What is wrong, collected over all stages and reported once.

pub(crate) mod diagnostic;
pub(crate) mod file;
pub(crate) mod render;

use crate::diagnostics::diagnostic::Diagnostic;

/// Everything found wrong so far. Every stage adds to it and goes on.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Vec<Diagnostic>,
    warnings: Vec<String>,
}

impl Diagnostics {
    pub(crate) fn error(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    pub(crate) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// Returns the report, if there is anything to report, and the warnings. `prefix` is put before paths.
    pub(crate) fn finish(mut self, prefix: &str) -> (Option<String>, Vec<String>) {
        self.errors.sort_by_cached_key(Diagnostic::position);
        // What is wrong with a component, every one of its functions may find.
        self.errors.dedup_by(|one, other| {
            one.message == other.message && one.position() == other.position()
        });
        let report = (!self.errors.is_empty()).then(|| render::report(&self.errors, prefix));
        (report, self.warnings)
    }
}
