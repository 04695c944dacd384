use crate::diagnostics::file::Spot;

/// A problem: a message, its places, and what to do.
pub(crate) struct Diagnostic {
    pub(crate) message: String,
    pub(crate) labels: Vec<Label>,
    pub(crate) advice: Vec<Advice>,
}

/// A place and its text.
pub(crate) struct Label {
    pub(crate) spot: Spot,
    pub(crate) text: String,
    pub(crate) primary: bool,
}

/// A sentence after the places, with its own place if it needs one.
pub(crate) struct Advice {
    pub(crate) text: String,
    pub(crate) spot: Option<Spot>,
    pub(crate) kind: AdviceKind,
}

/// The word before a piece of advice.
#[derive(Clone, Copy)]
pub(crate) enum AdviceKind {
    Help,
    Note,
}

impl Diagnostic {
    /// Returns an error that points at `spot`.
    pub(crate) fn error(message: impl Into<String>, spot: &Spot, label: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            labels: vec![Label {
                spot: spot.clone(),
                text: label.into(),
                primary: true,
            }],
            advice: Vec::new(),
        }
    }

    /// Returns an error without a place, for a file that cannot be read.
    pub(crate) fn without_place(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            labels: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// Adds another place.
    pub(crate) fn context(mut self, spot: &Spot, label: impl Into<String>) -> Self {
        self.labels.push(Label {
            spot: spot.clone(),
            text: label.into(),
            primary: false,
        });
        self
    }

    /// Adds what to do.
    pub(crate) fn help(self, text: impl Into<String>) -> Self {
        self.advise(AdviceKind::Help, text, None)
    }

    /// Adds what to do, and shows a place for it.
    pub(crate) fn help_at(self, text: impl Into<String>, spot: &Spot) -> Self {
        self.advise(AdviceKind::Help, text, Some(spot.clone()))
    }

    /// Adds the reason.
    pub(crate) fn note(self, text: impl Into<String>) -> Self {
        self.advise(AdviceKind::Note, text, None)
    }

    /// Returns the key by which the report is sorted: the file, then the position in it.
    pub(crate) fn position(&self) -> (String, usize) {
        self.labels.first().map_or_else(Default::default, |label| {
            (label.spot.file.path.clone(), label.spot.range.start)
        })
    }

    fn advise(mut self, kind: AdviceKind, text: impl Into<String>, spot: Option<Spot>) -> Self {
        self.advice.push(Advice {
            text: text.into(),
            spot,
            kind,
        });
        self
    }
}
