use std::ops::Range;

use proc_macro2::Ident;

/// The name of the attribute that replaces documentation in the shorter text. A number follows it.
/// The attribute is faster to parse.
const DOCS: &str = "__docs";

/// The cuts in a text. They map places of the shorter text to the whole text, and keep the
/// documentation.
#[derive(Default)]
pub(crate) struct Cuts {
    /// The place of each cut in the shorter text, and the number of bytes cut up to there.
    cuts: Vec<(usize, usize)>,
    /// The ranges of documentation in the whole text.
    pub(crate) docs: Vec<Range<usize>>,
}

impl Cuts {
    /// Adds a cut after the others.
    pub(crate) fn add(&mut self, at: usize, length: usize) {
        let before = self.cuts.last().map_or(0, |(_, length)| *length);
        self.cuts.push((at, before + length));
    }

    /// Returns the attribute that replaces the documentation with a number.
    pub(crate) fn attribute(docs: usize) -> String {
        format!("#[{DOCS}{docs}]")
    }

    /// Returns the range in the whole text of the documentation that an attribute of this name
    /// replaces.
    pub(crate) fn docs_of(&self, name: &Ident) -> Option<Range<usize>> {
        let name = name.to_string();
        let number: usize = name.strip_prefix(DOCS)?.parse().ok()?;
        self.docs.get(number).cloned()
    }

    /// Returns the range of the whole text for a range of the shorter text.
    pub(crate) fn whole(&self, range: Range<usize>) -> Range<usize> {
        // A range that begins at a cut begins after it. A range that ends at a cut ends before it.
        let start = self.cuts.partition_point(|(at, _)| *at <= range.start);
        let end = self.cuts.partition_point(|(at, _)| *at < range.end);
        range.start + self.length(start)..range.end + self.length(end.max(start))
    }

    /// Returns the number of bytes that the first `cuts` cuts removed.
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
