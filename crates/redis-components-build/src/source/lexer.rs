//! As much of Rust's lexical structure as it takes to tell code from comments and literals.

/// A token, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier or keyword, without `r#`.
    Word(&'a str),
    /// A character of punctuation.
    Mark(u8),
    /// A literal or lifetime.
    Other,
}

/// Reads tokens from a text; at its end, or where a literal or comment has none, there are no more.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the place behind the last token.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space()?;
        let first = self.rest().chars().next()?;
        match first {
            '"' => self.string(),
            '\'' => self.quote(),
            _ if is_word(first) => self.word(),
            _ if first.is_ascii() => {
                self.at += 1;
                u8::try_from(first).ok().map(Token::Mark)
            }
            _ => {
                self.at += first.len_utf8();
                Some(Token::Other)
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) -> Option<()> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if self.rest().starts_with("//") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("/*") {
                self.skip_comment()?;
            } else {
                return Some(());
            }
        }
    }

    /// Skips a block comment, which may have others inside.
    fn skip_comment(&mut self) -> Option<()> {
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

    /// Goes behind the closing quote.
    fn skip_to_end(&mut self, quote: u8) -> Option<Token<'a>> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b'\\' => self.at += 2,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return Some(Token::Other);
                    }
                }
            }
        }
    }

    /// Reads a character or a lifetime.
    fn quote(&mut self) -> Option<Token<'a>> {
        self.at += 1;
        let mut characters = self.rest().chars();
        let first = characters.next()?;
        if first == '\\' || characters.next() == Some('\'') {
            return self.skip_to_end_of_character(first);
        }
        self.take_word();
        Some(Token::Other)
    }

    fn skip_to_end_of_character(&mut self, first: char) -> Option<Token<'a>> {
        if first == '\\' {
            return self.skip_to_end(b'\'');
        }
        self.at += first.len_utf8() + 1;
        Some(Token::Other)
    }

    fn word(&mut self) -> Option<Token<'a>> {
        let word = self.take_word();
        let rest = self.rest();
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let is_raw = matches!(word, "r" | "br" | "cr");
        if is_raw && rest[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let inside = self.at + hashes + 1;
            self.at = inside + self.text[inside..].find(&end)? + end.len();
            return Some(Token::Other);
        }
        if word == "r" && hashes == 1 && rest[1..].starts_with(is_word) {
            self.at += 1;
            return Some(Token::Word(self.take_word()));
        }
        Some(Token::Word(word))
    }

    fn take_word(&mut self) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
