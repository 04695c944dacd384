use std::ops::Range;

use proc_macro2::Ident;

/// What stands for documentation in the shorter text, with a number: an attribute that costs less to parse.
const DOCS: &str = "__docs";

/// What was cut out of a text, to find places of the shorter text in the whole one, and the documentation.
#[derive(Default)]
pub(crate) struct Cuts {
    /// Where in the shorter text, and how many bytes up to there in all.
    cuts: Vec<(usize, usize)>,
    /// Where documentation is in the whole text.
    pub(crate) docs: Vec<Range<usize>>,
}

impl Cuts {
    /// Adds a cut behind the others.
    pub(crate) fn add(&mut self, at: usize, length: usize) {
        let before = self.cuts.last().map_or(0, |(_, length)| *length);
        self.cuts.push((at, before + length));
    }

    /// Returns what stands for documentation of a number.
    pub(crate) fn attribute(docs: usize) -> String {
        format!("#[{DOCS}{docs}]")
    }

    /// Returns the lines of documentation that an attribute of this name stands for, in the whole text.
    pub(crate) fn docs_of(&self, name: &Ident) -> Option<Range<usize>> {
        let name = name.to_string();
        let number: usize = name.strip_prefix(DOCS)?.parse().ok()?;
        self.docs.get(number).cloned()
    }

    /// Returns the range in the whole text.
    pub(crate) fn whole(&self, range: Range<usize>) -> Range<usize> {
        // What begins at a cut comes after it, what ends there before it.
        let start = self.cuts.partition_point(|(at, _)| *at <= range.start);
        let end = self.cuts.partition_point(|(at, _)| *at < range.end);
        range.start + self.length(start)..range.end + self.length(end.max(start))
    }

    /// Returns how many bytes the first so many cuts have taken away.
    fn length(&self, cuts: usize) -> usize {
        cuts.checked_sub(1).map_or(0, |last| self.cuts[last].1)
    }
}

#[cfg(test)]
mod tests {
    use super::Cuts;

    #[test]
    fn places_are_found_again() {
        let whole = "fn a() {1} fn b() {22}";
        let short = "fn a() {} fn b() {}";
        let mut cuts = Cuts::default();
        cuts.add(8, 1);
        cuts.add(18, 2);
        for part in ["a", "b", "fn b()", "fn a() {", "fn b() {"] {
            let at = short.find(part).unwrap();
            assert_eq!(&whole[cuts.whole(at..at + part.len())], part);
        }
        assert_eq!(&whole[cuts.whole(0..9)], "fn a() {1}");
        assert_eq!(&whole[cuts.whole(8..9)], "}");
        assert_eq!(cuts.whole(8..8), 9..9);
        assert_eq!(cuts.whole(0..short.len()), 0..whole.len());
    }
}
