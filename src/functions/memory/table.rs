//! What was measured, to be read by people.

use std::fmt;

use super::Structure;

/// What is known of a key's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The server's name for how it is kept, such as `listpack`.
    pub encoding: String,
    /// What it takes of the server's memory, its key included.
    pub bytes: u64,
    /// What it takes in a dump, in bytes; `None` where the server does not tell.
    pub serialized_length: Option<u64>,
}

/// A structure at the limit of its compact encoding, and behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What was measured.
    pub structure: Structure,
    /// How many elements the compact one has; the other has one more.
    pub elements: u64,
    /// As it is with that many.
    pub compact: Measurement,
    /// As it is with one more.
    pub outgrown: Measurement,
}

/// Comparisons that print as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table(
    /// A pair of lines for each.
    pub Vec<Comparison>,
);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [structure, elements] = ["structure", "elements"];
        let [encoding, bytes, each, dumped] = ["encoding", "bytes", "each", "dumped"];
        writeln!(
            f,
            "{structure:<12} {elements:>8}  {encoding:<10} {bytes:>8} {each:>6} {dumped:>8}"
        )?;
        for comparison in &self.0 {
            let elements = comparison.elements;
            line(f, comparison.structure, elements, &comparison.compact)?;
            line(f, comparison.structure, elements + 1, &comparison.outgrown)?;
        }
        Ok(())
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    structure: Structure,
    elements: u64,
    measured: &Measurement,
) -> fmt::Result {
    let Measurement {
        encoding,
        bytes,
        serialized_length,
    } = measured;
    let each = *bytes as f64 / elements as f64;
    let dumped = serialized_length.map_or_else(|| "-".to_owned(), |length| length.to_string());
    writeln!(
        f,
        "{structure:<12} {elements:>8}  {encoding:<10} {bytes:>8} {each:>6.1} {dumped:>8}"
    )
}
