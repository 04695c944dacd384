//! Text that comes from a server or a config, made fit for one line of a log.

use redis::RedisError;

/// How many characters of foreign text are shown.
const LIMIT: usize = 128;

/// `text` with control characters escaped and cut to a length that fits a log line.
pub(crate) fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(LIMIT)
        .flat_map(|c| {
            let escape = c.is_control() || is_bidirectional_control(c);
            let escaped = escape.then(|| c.escape_default());
            escaped.into_iter().flatten().chain((!escape).then_some(c))
        })
        .collect();
    if text.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

/// What redis-rs says of an error, made [`printable`].
pub(crate) fn printable_error(error: &RedisError) -> String {
    printable(&error.to_string())
}

/// Characters that reorder what is shown around them.
fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
