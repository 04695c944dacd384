//! The problems of all stages, collected and reported once.

pub(crate) mod diagnostic;
pub(crate) mod file;
pub(crate) mod render;
pub(crate) mod secrets;

use crate::diagnostics::diagnostic::Diagnostic;
use crate::diagnostics::file::Spot;

/// The problems found so far. A stage adds its problems and goes on.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Vec<Diagnostic>,
    warnings: Vec<String>,
    hints: Vec<(Spot, String)>,
}

/// The problems as text.
pub(crate) struct Shown {
    /// The report, if there is an error.
    pub(crate) report: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) hints: Vec<String>,
}

impl Diagnostics {
    pub(crate) fn error(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    pub(crate) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// Adds a hint, which is a warning with a place.
    pub(crate) fn hint(&mut self, spot: Spot, text: String) {
        self.hints.push((spot, text));
    }

    /// Returns the problems as text. `prefix` is put before paths.
    pub(crate) fn finish(mut self, prefix: &str) -> Shown {
        self.errors.sort_by_cached_key(Diagnostic::position);
        // Every function of a component may find the same problem with the component.
        self.errors.dedup_by(|one, other| {
            one.message == other.message && one.position() == other.position()
        });
        let report = (!self.errors.is_empty()).then(|| render::report(&self.errors, prefix));
        let hints = self.hints.iter();
        Shown {
            report,
            warnings: self.warnings,
            hints: hints
                .map(|(spot, text)| format!("{prefix}{}: {text}", spot.place()))
                .collect(),
        }
    }
}
