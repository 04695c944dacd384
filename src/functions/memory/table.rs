//! Measurements that print as a table.

use std::fmt;

use super::Structure;

/// The measurement of a key's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The server's name for the encoding, for example `listpack`.
    pub encoding: String,
    /// The server's memory for the value and its key, in bytes.
    pub bytes: u64,
    /// The value's size in a dump, in bytes; `None` if the server does not tell.
    pub serialized_length: Option<u64>,
}

/// A structure at the limit of its compact encoding, and beyond it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The structure.
    pub structure: Structure,
    /// How many elements the compact structure has; the outgrown one has one more.
    pub elements: u64,
    /// The structure with that many elements.
    pub compact: Measurement,
    /// The structure with one more element.
    pub outgrown: Measurement,
}

/// Comparisons that print as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table(
    /// Two lines for each comparison.
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
