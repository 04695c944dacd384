use crate::diagnostics::file::Spot;

/// One problem: a message, the places that matter, and what to do.
pub(crate) struct Diagnostic {
    pub(crate) message: String,
    pub(crate) labels: Vec<Label>,
    pub(crate) advice: Vec<Advice>,
}

/// A place and what is to say about it.
pub(crate) struct Label {
    pub(crate) spot: Spot,
    pub(crate) text: String,
    pub(crate) primary: bool,
}

/// A sentence after the places, with a place of its own if it needs one.
pub(crate) struct Advice {
    pub(crate) text: String,
    pub(crate) spot: Option<Spot>,
    pub(crate) kind: AdviceKind,
}

/// How a piece of advice is introduced.
#[derive(Clone, Copy)]
pub(crate) enum AdviceKind {
    Help,
    Note,
}

impl Diagnostic {
    /// Starts an error that points at `spot`.
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

    /// Starts an error that has no place, because its file could not be read.
    pub(crate) fn without_place(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            labels: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// Adds a second place.
    pub(crate) fn context(mut self, spot: &Spot, label: impl Into<String>) -> Self {
        self.labels.push(Label {
            spot: spot.clone(),
            text: label.into(),
            primary: false,
        });
        self
    }

    /// Says what to do.
    pub(crate) fn help(self, text: impl Into<String>) -> Self {
        self.advise(AdviceKind::Help, text, None)
    }

    /// Says what to do and shows the place that it speaks of.
    pub(crate) fn help_at(self, text: impl Into<String>, spot: &Spot) -> Self {
        self.advise(AdviceKind::Help, text, Some(spot.clone()))
    }

    /// Says why.
    pub(crate) fn note(self, text: impl Into<String>) -> Self {
        self.advise(AdviceKind::Note, text, None)
    }

    /// Returns what reports are sorted by: the file, then the position in it.
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
