//! Words of a receipt.

use crate::error::text::printable;

/// Stands for nothing.
pub(super) const NONE: &str = "-";

/// Returns a word of a receipt, fit to be shown, unless it stands for nothing.
pub(super) fn some(word: &str) -> Option<String> {
    (!word.is_empty() && word != NONE).then(|| printable(word))
}

/// Returns the word, or what stands for nothing.
pub(super) fn or_none(word: Option<&str>) -> &str {
    word.unwrap_or(NONE)
}
