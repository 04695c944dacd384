//! Text from a manifest without what may be a secret: people keep and share build logs.
//!
//! A secret cannot be told from the text around it. An unescaped `#`, `?`, `/` or `@` in a password
//! moves every boundary in a URL, and a manifest that does not parse has no boundaries at all. So
//! the rules are about lines and know no grammar.

use std::ops::Range;

/// The table whose values are shown. All others say where servers are.
const COMPONENTS: &str = "components";

/// Stands for each byte that is not shown.
const MASK: u8 = b'*';

/// Words that name a secret.
const NAMES: [&str; 3] = ["password", "passwd", "secret"];

/// Masks what may be a secret in a manifest. Every other byte keeps its place.
///
/// Nothing is shown of comments. Outside of the components' tables, only addresses are shown of
/// values.
pub(crate) fn manifest_without_secrets(text: &str) -> String {
    let mut masked = without_secrets(text).into_bytes();
    let mut is_of_components = false;
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let header = header(line);
        if line.trim_start().starts_with('[') {
            is_of_components = header.is_some_and(names_components);
        }
        let comment = comment(line);
        let content = &line[..comment.unwrap_or(line.len())];
        let value = if is_of_components || header.is_some() {
            None
        } else {
            hidden(content, comment.is_some())
        };
        let behind = comment.map(|mark| mark + 1..line.len());
        for hidden in value.into_iter().chain(behind) {
            masked[start + hidden.start..start + hidden.end].fill(MASK);
        }
        start += whole.len();
    }
    String::from_utf8_lossy(&masked).into_owned()
}

/// Masks what may be a secret in a text that is a single name or value: all of it, if it looks like
/// a login.
pub(crate) fn text_without_secrets(text: &str) -> String {
    let masked = without_secrets(text);
    let login = masked.rsplit_once('@').map(|(login, _)| login);
    if login.is_some_and(|login| login.contains(':')) {
        return "*".repeat(masked.len());
    }
    masked
}

/// Masks the text after the scheme of URLs that may hold a secret, and the text after a word that
/// names one. Every other byte keeps its place.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut masked = text.as_bytes().to_vec();
    let mut start = 0;
    while let Some(found) = text[start..].find("://") {
        let scheme = start + found;
        let first = scheme + "://".len();
        let end = end_of_url(text, scheme, first);
        if text[first..end].contains(['@', '?', '#']) {
            masked[first..end].fill(MASK);
        }
        start = end;
    }
    // The text keeps its length in ASCII's lower case.
    let lower = text.to_ascii_lowercase();
    for name in NAMES {
        for (found, _) in lower.match_indices(name) {
            let behind = &text[found + name.len()..];
            let value = behind.trim_start_matches(['"', '\'', '\\', ' ', '\t']);
            if value.starts_with([':', '=']) {
                let first = text.len() - value.len() + 1;
                masked[first..end_of_line(text, first)].fill(MASK);
            }
        }
    }
    String::from_utf8_lossy(&masked).into_owned()
}

fn end_of_line(text: &str, first: usize) -> usize {
    text[first..].find('\n').map_or(text.len(), |at| first + at)
}

/// Returns the end of a URL: the quote that ends its string, or the end of its line.
fn end_of_url(text: &str, scheme: usize, first: usize) -> usize {
    let line = end_of_line(text, first);
    let before = text[..scheme].trim_end_matches(|c: char| c.is_alphanumeric() || c == '+');
    match before.chars().next_back() {
        Some(quote @ ('"' | '\'')) => {
            let mut is_escaped = false;
            let end = text[first..line].find(|c| {
                let is_end = c == quote && !is_escaped;
                is_escaped = quote == '"' && c == '\\' && !is_escaped;
                is_end
            });
            end.map_or(line, |at| first + at)
        }
        _ => line,
    }
}

/// Returns the name in the header of a table, if the line is one.
fn header(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix('[')?;
    let name = name.trim_start_matches(['[', ' ', '\t']);
    // The names of components may be anything.
    if names_components(name) {
        return Some(name);
    }
    let (name, behind) = name.split_once(']')?;
    // Quotes are in lists too.
    let is_name = |c: char| c.is_alphanumeric() || " \t-_.".contains(c);
    let behind = behind.trim_start_matches(']').trim_start();
    let is_header = name.chars().all(is_name) && (behind.is_empty() || behind.starts_with('#'));
    is_header.then_some(name)
}

fn names_components(name: &str) -> bool {
    let behind = name.strip_prefix(COMPONENTS);
    behind.is_some_and(|behind| {
        !behind.starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c))
    })
}

/// Returns the place of a line's first `#` outside of strings. A string that does not end in the
/// line has no `#` inside.
fn comment(line: &str) -> Option<usize> {
    line.find('#')?;
    let mut quote = None;
    let mut inside = None;
    let mut is_escaped = false;
    for (place, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') => return Some(place),
            (None, '"' | '\'') => quote = Some(character),
            (Some(_), '#') => inside = inside.or(Some(place)),
            (Some(open), _) if character == open && !is_escaped => (quote, inside) = (None, None),
            _ => {}
        }
        is_escaped = quote == Some('"') && character == '\\' && !is_escaped;
    }
    inside
}

/// Returns the part of a line that may be a secret: a value, or the middle of one. `line` is the
/// part before the comment.
fn hidden(line: &str, has_comment: bool) -> Option<Range<usize>> {
    let content = line.trim_end();
    // What seems a comment may be the end of a password.
    let is_whole = !has_comment
        || (content.len() < line.len() && content.ends_with(['"', '\'', '[', ']', ',']));
    let line = content;
    let is_key = |c: char| c.is_alphanumeric() || " \t-_.\"'".contains(c);
    let (key, value) = match line.split_once('=') {
        Some((key, value)) if key.chars().all(is_key) => (key.trim(), value),
        _ => ("url", line),
    };
    let last = key.rsplit('.').next().unwrap_or(key);
    let last = last.trim_matches([' ', '\t', '"', '\'']);
    if names_components(key) || last == "key-prefix" {
        return None;
    }
    let value = value.trim_start();
    let start = line.len() - value.len();
    let inside = in_quotes(value);
    let (start, value) = match inside {
        Some(inside) => (start + 1, inside),
        None => (start, value),
    };
    if last == "url" && is_whole && is_plain(value) {
        return None;
    }
    // The scheme is shown, because a mistake may be there.
    let scheme = value.find("://").filter(|end| {
        let scheme = &value.as_bytes()[..*end];
        scheme
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || *byte == b'+')
    });
    let first = scheme.map_or(0, |end| end + "://".len());
    Some(start + first..start + value.len())
}

/// Returns the text in quotes, if nothing else stands in the value.
fn in_quotes(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = value[1..].strip_suffix(quote)?;
    (!inside.contains(quote)).then_some(inside)
}

/// Returns `true` for addresses without a login, with or without a scheme.
fn is_plain(value: &str) -> bool {
    let separators = ['[', ']', '"', '\'', ',', ' ', '\t'];
    value.split(separators).all(|address| {
        let (scheme, rest) = match address.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, address),
        };
        let (server, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let has_server = address.is_empty()
            || scheme.is_some()
            || (!port.is_empty() && !host.is_empty())
            || host
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_server = host.bytes().all(is_name) && is_number(port) && is_number(database);
        (has_server && is_server) || address.parse::<std::net::Ipv6Addr>().is_ok()
    })
}

#[cfg(test)]
mod tests;
