//! The part of Rust's lexical structure that separates code from comments and literals.
//!
//! Loops over bytes with a table: a build script is compiled without optimisation, and this reads
//! every byte of every source. Iterators over characters cost ten times as much.

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// An identifier or keyword, without `r#`.
    Word(&'a str),
    /// A character of punctuation.
    Mark(u8),
    /// Documentation lines, from the first `///`, for the item after them.
    Docs(&'a str),
    /// A literal or lifetime.
    Other,
}

/// Reads tokens from a text. It ends with the text, or at a literal or comment without an end.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the place after the last token.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space()?;
        let first = *self.text.as_bytes().get(self.at)?;
        match first {
            b'"' => self.string(),
            b'\'' => self.quote(),
            b'/' if self.is_docs() => Some(self.docs()),
            _ => match CLASSES[usize::from(first)] {
                Class::Word => self.word(),
                Class::Beyond if self.character().is_alphanumeric() => self.word(),
                Class::Beyond => {
                    self.at += self.character().len_utf8();
                    Some(Token::Other)
                }
                _ => {
                    self.at += 1;
                    Some(Token::Mark(first))
                }
            },
        }
    }

    /// Moves after the next curly brace, and returns it. The result is the same as calling
    /// [`next`](Self::next) until it returns a brace.
    pub(crate) fn next_brace(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        let mut literal_end = self.at;
        loop {
            let mut at = self.at;
            while at < bytes.len() && !matters(bytes[at]) {
                at += 1;
            }
            self.at = at;
            match *bytes.get(at)? {
                brace @ (b'{' | b'}') => {
                    self.at += 1;
                    return Some(brace);
                }
                b'"' => match raw_hashes(&bytes[literal_end..at]) {
                    Some(hashes) => self.raw_string(hashes)?,
                    None => self.string()?,
                },
                b'\'' => self.quote()?,
                _ if self.skip_comment()? => continue,
                _ => {
                    self.at += 1;
                    continue;
                }
            };
            literal_end = self.at;
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Returns the character at this place, if there is one.
    fn character(&self) -> char {
        self.rest().chars().next().unwrap_or_default()
    }

    fn skip_space(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b'/') if !self.is_docs() && self.skip_comment()? => {}
                Some(byte) => match CLASSES[usize::from(*byte)] {
                    Class::Space => self.at += 1,
                    Class::Beyond if self.character().is_whitespace() => {
                        self.at += self.character().len_utf8();
                    }
                    _ => return Some(()),
                },
                None => return Some(()),
            }
        }
    }

    fn is_docs(&self) -> bool {
        let rest = self.rest();
        rest.starts_with("///") && !rest.starts_with("////")
    }

    /// Moves after the last of the lines.
    fn docs(&mut self) -> Token<'a> {
        let start = self.at;
        loop {
            let line = self.rest().split('\n').next().unwrap_or_default();
            let end = self.at + line.strip_suffix('\r').unwrap_or(line).len();
            let space = self.text[end..].len() - self.text[end..].trim_start().len();
            self.at = end + space;
            if !self.is_docs() {
                self.at = end;
                return Token::Docs(&self.text[start..end]);
            }
        }
    }

    /// Moves after the comment that begins here, if there is one.
    fn skip_comment(&mut self) -> Option<bool> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'/') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            Some(b'*') => self.skip_block_comment()?,
            _ => return Some(false),
        }
        Some(true)
    }

    /// Skips a block comment, which may contain others.
    fn skip_block_comment(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        loop {
            match bytes.get(self.at..self.at + 2)? {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<Token<'a>> {
        self.at += 1;
        self.skip_to_end(b'"')
    }

    /// Moves after the closing quote.
    fn skip_to_end(&mut self, quote: u8) -> Option<Token<'a>> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 2,
                byte => {
                    at += 1;
                    if byte == quote {
                        self.at = at;
                        return Some(Token::Other);
                    }
                }
            }
        }
        None
    }

    /// Moves after a raw string, from its opening quote.
    fn raw_string(&mut self, hashes: usize) -> Option<Token<'a>> {
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = self.at + 1;
        self.at = inside + self.text[inside..].find(&end)? + end.len();
        Some(Token::Other)
    }

    /// Reads a character or a lifetime.
    fn quote(&mut self) -> Option<Token<'a>> {
        self.at += 1;
        let mut characters = self.rest().chars();
        let first = characters.next()?;
        if first == '\\' {
            return self.skip_to_end(b'\'');
        }
        if characters.next() == Some('\'') {
            self.at += first.len_utf8() + 1;
        } else {
            self.take_word();
        }
        Some(Token::Other)
    }

    fn word(&mut self) -> Option<Token<'a>> {
        let word = self.take_word();
        if !word.ends_with('r') {
            return Some(Token::Word(word));
        }
        let rest = self.rest();
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        if is_raw(word.as_bytes()) && rest[hashes..].starts_with('"') {
            self.at += hashes;
            return self.raw_string(hashes);
        }
        if word == "r" && hashes == 1 && rest[1..].starts_with(is_word) {
            self.at += 1;
            return Some(Token::Word(self.take_word()));
        }
        Some(Token::Word(word))
    }

    fn take_word(&mut self) -> &'a str {
        let bytes = self.text.as_bytes();
        let start = self.at;
        while self.at < bytes.len() {
            match CLASSES[usize::from(bytes[self.at])] {
                Class::Word => self.at += 1,
                Class::Beyond if self.character().is_alphanumeric() => {
                    self.at += self.character().len_utf8();
                }
                _ => break,
            }
        }
        &self.text[start..self.at]
    }
}

/// Returns the number of hashes of a raw string whose opening quote follows. Returns `None` if the
/// string is not raw.
fn raw_hashes(before: &[u8]) -> Option<usize> {
    let mut end = before.len();
    while end > 0 && before[end - 1] == b'#' {
        end -= 1;
    }
    let mut start = end;
    while start > 0
        && matches!(
            CLASSES[usize::from(before[start - 1])],
            Class::Word | Class::Beyond
        )
    {
        start -= 1;
    }
    is_raw(&before[start..end]).then_some(before.len() - end)
}

fn is_raw(prefix: &[u8]) -> bool {
    matches!(prefix, b"r" | b"br" | b"cr")
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The class of a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Word,
    Mark,
    /// A brace, or the start of a literal or comment that may contain braces.
    Brace,
    /// A character beyond ASCII, or a part of it.
    Beyond,
}

static CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Mark; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'\t'..=b'\r' | b' ' => Class::Space,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => Class::Word,
            b'{' | b'}' | b'"' | b'\'' | b'/' => Class::Brace,
            0x80.. => Class::Beyond,
            _ => Class::Mark,
        };
        byte += 1;
    }
    classes
}

fn matters(byte: u8) -> bool {
    matches!(CLASSES[usize::from(byte)], Class::Brace)
}
