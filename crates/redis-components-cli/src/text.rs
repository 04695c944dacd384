//! Text of others, made fit to be shown.

use std::borrow::Cow;
use std::fmt::Display;

/// How many characters of foreign text are shown.
const LIMIT: usize = 256;
/// How many names of many are shown.
const NAMED: usize = 5;

/// Returns `text` in one line, with control characters escaped, cut to a length that fits a line.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(LIMIT) {
        if c.is_control() || is_bidirectional_control(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns a text of many lines without the characters that steer a terminal although JSON has them
/// as they are. Inside JSON, what takes their place means the same.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| ('\u{80}'..='\u{9f}').contains(&c) || is_bidirectional_control(c);
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Characters that reorder what is shown around them.
fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the name nearest to `name`, if one is near.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let most_errors = (name.chars().count() / 3).clamp(1, 3);
    names
        .map(|other| (strsim::damerau_levenshtein(&name, other), other))
        .filter(|(errors, _)| *errors <= most_errors)
        .min()
        .map(|(_, other)| other)
}

/// Returns a number of things, in words.
pub(crate) fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, thing: &str) -> String {
    let plural = match thing {
        _ if count == N::from(1) => "",
        _ if thing.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {thing}{plural}")
}

/// Returns the first names of many, and how many more there are.
pub(crate) fn named(all: impl Iterator<Item = String>) -> String {
    let mut all: Vec<_> = all.collect();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let more = match more {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{}{more}", all.join(", "))
}

/// Returns the word as a shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, named, nearest, printable, quoted};

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            printable("a\n\u{1b}[31m\u{202e}ü"),
            "a\\n\\u{1b}[31m\\u{202e}ü"
        );
        assert_eq!(printable(&"x".repeat(1000)).chars().count(), 257);
    }

    #[test]
    fn a_near_name_is_found() {
        let names = || ["logs", "locks", "sessions"].into_iter();
        assert_eq!(nearest("lgos", names()), Some("logs"));
        assert_eq!(nearest("weather", names()), None);
    }

    #[test]
    fn many_are_counted() {
        let names = |count: u32| named((0..count).map(|n| n.to_string()));
        assert_eq!(names(5), "0, 1, 2, 3, 4");
        assert_eq!(names(7), "0, 1, 2, 3, 4, and 2 more");
        assert_eq!(counted(1, "process"), "1 process");
        assert_eq!(counted(2, "process"), "2 processes");
        assert_eq!(counted(0, "problem"), "0 problems");
    }

    #[test]
    fn a_word_is_quoted_if_a_shell_would_read_it_otherwise() {
        assert_eq!(quoted("host=10.0.0.7"), "host=10.0.0.7");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
