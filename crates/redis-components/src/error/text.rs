//! Text that comes from a server or a config, made fit for one line of a log.

use redis::RedisError;

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

/// Returns a server's error, or else redis-rs's text of an error, made [`printable`].
///
/// A server repeats an unknown command with its arguments, and the arguments of AUTH and HELLO are
/// credentials. Their text is replaced.
pub(crate) fn printable_error(error: &RedisError) -> String {
    if repeats_arguments(error) {
        "the server does not know a command that is needed to log in".to_owned()
    } else if let (Some(code), Some(detail)) = (error.code(), error.detail()) {
        printable(&format!("{code}: {detail}"))
    } else {
        printable(&error.to_string())
    }
}

/// Returns `true` if the text of an error may hold credentials.
pub(crate) fn repeats_arguments(error: &RedisError) -> bool {
    error.to_string().to_lowercase().contains("unknown command")
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
    use super::{printable, printable_error};

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            printable("a\n[ERROR] b\u{1b}[31m\u{202e}ü"),
            "a\\n[ERROR] b\\u{1b}[31m\\u{202e}ü"
        );
    }

    #[test]
    fn what_was_sent_to_log_in_is_not_repeated() {
        let answer = b"-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cret'\r\n";
        let error = redis::parse_redis_value(answer).unwrap().extract_error();
        let shown = printable_error(&error.unwrap_err());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = printable(&"x".repeat(1000));
        assert_eq!(shown.chars().count(), 129);
        assert!(shown.ends_with('…'));
    }
}
