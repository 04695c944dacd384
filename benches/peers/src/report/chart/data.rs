//! What a chart shows.

/// Lines over an axis.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    /// The meaning of the axis, and its labels.
    pub(crate) over: &'static str,
    pub(crate) marks: Vec<(f64, String)>,
    /// Whether equal distances are equal ratios.
    pub(crate) is_logarithmic: bool,
    /// Whether the area below each line has its colour; a grey line has none.
    pub(crate) is_filled: bool,
    pub(crate) unit: &'static str,
    pub(crate) lines: Vec<Line>,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) tone: Tone,
    pub(crate) points: Vec<(f64, f64)>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Ours,
    /// Another form of ours.
    OursAlso,
    Bare,
    BareAlso,
    Other,
}

impl Tone {
    /// Returns the tone of a contestant.
    pub(crate) fn of(name: &str) -> Self {
        match name
            .split_once(',')
            .map_or((name, ""), |(first, rest)| (first, rest))
        {
            ("ours", " push" | "") => Self::Ours,
            ("ours", _) => Self::OursAlso,
            ("bare", "") => Self::Bare,
            ("bare", _) => Self::BareAlso,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tone;

    #[test]
    fn ours_and_bare_have_colours_and_all_others_are_grey() {
        for (name, tone) in [
            ("ours, push", Tone::Ours),
            ("ours, push, 2 sockets", Tone::OursAlso),
            ("bare", Tone::Bare),
            ("bare, 2 sockets", Tone::BareAlso),
            ("fred", Tone::Other),
            ("fred, pool of 2", Tone::Other),
        ] {
            assert_eq!(Tone::of(name), tone, "{name}");
        }
    }
}
