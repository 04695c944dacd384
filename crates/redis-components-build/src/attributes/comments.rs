use crate::diagnostics::file::is_invisible;

/// Writes lines as doc comments.
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

/// Replaces what no comment may have: line breaks, and characters that reorder the text around them.
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
