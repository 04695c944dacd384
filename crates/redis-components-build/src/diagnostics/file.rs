use std::ops::Range;
use std::sync::Arc;

use crate::diagnostics::secrets::text_without_secrets;

/// A file that diagnostics can point into.
#[derive(Debug)]
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
        })
    }

    pub(crate) fn spot(self: &Arc<Self>, range: Range<usize>) -> Spot {
        Spot {
            file: Arc::clone(self),
            range,
        }
    }
}

/// A range of bytes in a file.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) file: Arc<TextFile>,
    pub(crate) range: Range<usize>,
}

impl Spot {
    /// Returns the start of the range in the report's format: `path:line:column`.
    pub(crate) fn place(&self) -> String {
        let before = &self.file.text[..self.range.start];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before[start..].chars().count() + 1;
        format!("{}:{line}:{column}", self.file.path)
    }
}

/// Quotes text from a user's file for a message.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", shown(text))
}

/// Returns text from a user's file as a message shows it. What may be a secret is masked. The text
/// is escaped, so that it cannot forge a message, and is cut to a limit.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut escaped = String::new();
    for (index, character) in text_without_secrets(text).chars().enumerate() {
        if index == LONGEST {
            escaped.push('…');
            break;
        }
        if character.is_control() || is_invisible(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Returns `true` if a character reorders or hides the characters around it.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quoted_text_cannot_forge_a_message() {
        assert_eq!(quoted("a\nerror: b"), "`a\\u{a}error: b`");
        assert_eq!(quoted("\u{202e}abc"), "`\\u{202e}abc`");
        assert_eq!(quoted("redis://:s3@h"), "`redis://*****`");
        assert_eq!(quoted("user:s3@h"), "`*********`");
        assert_eq!(quoted("/opt/app@2/x.rs"), "`/opt/app@2/x.rs`");
        assert_eq!(quoted(&"x".repeat(81)), format!("`{}…`", "x".repeat(80)));
    }
}
