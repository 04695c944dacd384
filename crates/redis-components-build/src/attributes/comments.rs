use syn::Attribute;

use crate::diagnostics::is_invisible;
use crate::nodes;

/// Turns lines into doc comments.
pub(crate) fn doc_comments(lines: &[String]) -> Vec<Attribute> {
    lines
        .iter()
        .map(|line| {
            if line.is_empty() {
                nodes::doc("")
            } else {
                nodes::doc(&format!(" {}", printable(line)))
            }
        })
        .collect()
}

/// Replaces what no comment may have: line breaks, and characters that reorder the text around them.
fn printable(line: &str) -> String {
    line.replace('\t', "    ")
        .replace(|c: char| c.is_control() || is_invisible(c), "\u{fffd}")
}
