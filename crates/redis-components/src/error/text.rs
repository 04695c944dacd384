//! Text that comes from a server or a config, made fit for one line of a log.

/// How many characters of foreign text are shown.
const LIMIT: usize = 128;

/// Returns `text` with control characters escaped, cut to a length that fits a log line.
pub(crate) fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(LIMIT)
        .flat_map(|c| {
            let escape = is_unprintable(c);
            let escaped = escape.then(|| c.escape_default());
            escaped.into_iter().flatten().chain((!escape).then_some(c))
        })
        .collect();
    if text.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns `true` for a character that ends a line, steers a terminal, or reorders what is shown
/// around it.
pub(crate) fn is_unprintable(c: char) -> bool {
    let is_line_end = matches!(c, '\u{2028}' | '\u{2029}');
    let is_bidirectional = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control() || is_line_end || is_bidirectional
}

/// Returns `true` if the text can be shown as it is.
#[cfg(test)]
pub(crate) fn is_printable(text: &str) -> bool {
    !text.chars().any(is_unprintable)
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            printable("a\n[ERROR] b\u{1b}[31m\u{202e}ü"),
            "a\\n[ERROR] b\\u{1b}[31m\\u{202e}ü"
        );
    }

    #[test]
    fn long_text_is_cut() {
        let shown = printable(&"x".repeat(1000));
        assert_eq!(shown.chars().count(), 129);
        assert!(shown.ends_with('…'));
    }
}
