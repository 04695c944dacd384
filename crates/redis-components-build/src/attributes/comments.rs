use proc_macro2::Literal;

use crate::diagnostics::file::is_invisible;

/// Returns the lines as doc comments.
pub(crate) fn doc_comments(lines: &[String], indentation: &str) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(indentation);
        text.push_str("///");
        let line = line.trim_end_matches(' ');
        if !line.is_empty() {
            text.push(' ');
            push_printable(line, &mut text);
        }
        text.push('\n');
    }
    text
}

/// Returns the lines as documentation that rustdoc does not test.
pub(crate) fn untested_docs(lines: &[String], indentation: &str) -> String {
    let mut text = String::new();
    for line in lines {
        let line = Literal::string(&printable(line));
        text.push_str(&format!(
            "{indentation}#[cfg_attr(not(doctest), doc = {line})]\n"
        ));
    }
    text
}

/// Returns a line without the characters that a comment cannot have.
pub(super) fn printable(line: &str) -> String {
    let mut printable = String::new();
    push_printable(line, &mut printable);
    printable
}

/// Appends a line without the characters that a comment cannot have: control characters, and
/// characters that reorder or hide the text around them.
fn push_printable(line: &str, text: &mut String) {
    if line
        .as_bytes()
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~'))
    {
        text.push_str(line);
        return;
    }
    for character in line.chars() {
        match character {
            '\t' => text.push_str("    "),
            c if c.is_control() || is_invisible(c) => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
}
