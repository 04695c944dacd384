//! How deep a text is nested. The parser, and whatever visits its result, calls itself for each
//! level, and a stack that overflows ends the build script without a word.

use crate::source::lexer::{Lexer, Token};

/// The most tokens that one may be inside of. A token counts as inside of another if the parser may
/// call itself between the two: in a group, in a list of generics, or up to the next `,` or `;`.
pub(crate) const DEEPEST: usize = 1_000;

/// A stack for that many tokens. One of them takes up to 40 kB without optimisation.
pub(crate) const STACK: usize = 64 << 20;

/// A group or a list of generics that has not ended.
struct Open {
    mark: u8,
    /// The number of tokens around it.
    outside: usize,
    /// Whether these are a macro's tokens, which the parser reads one after the other.
    is_flat: bool,
}

/// Returns the place after the first token that is inside of too many others.
pub(crate) fn too_deep(text: &str) -> Option<usize> {
    let mut nesting = Nesting::default();
    let mut lexer = Lexer::new(text);
    while let Some(token) = lexer.next() {
        nesting.add(token);
        if nesting.depth > DEEPEST {
            return Some(lexer.position());
        }
    }
    None
}

#[derive(Default)]
struct Nesting {
    depth: usize,
    open: Vec<Open>,
    before: [u8; 2],
}

impl Nesting {
    fn add(&mut self, token: Token<'_>) {
        let mark = match token {
            // Behind a value it compares or shifts.
            Token::Mark(b'<') if matches!(self.before[1], VALUE | b')' | b']' | b'}') => VALUE,
            Token::Mark(mark) => mark,
            Token::Word(word) if !word.starts_with(|c: char| c.is_ascii_digit()) => WORD,
            _ => VALUE,
        };
        match mark {
            b'(' | b'[' | b'{' => {
                if mark == b'{' && !matches!(self.before[1], b'<' | b',' | b'=') {
                    self.close_angles();
                }
                let is_call = self.before[1] == b'!' || self.before == [b'!', WORD];
                self.begin(mark, is_call || self.before[1] == b'#');
            }
            _ if !matches!(mark, b')' | b']' | b'}') && self.is_flat() => {}
            b'<' => self.begin(mark, false),
            b'=' if self.before[1] == b'<' && self.is_in_angles() => self.end(),
            b'>' if !matches!(self.before[1], b'-' | b'=') && self.is_in_angles() => self.end(),
            b')' | b']' | b'}' => {
                self.close_angles();
                self.end();
                if mark == b'}' {
                    self.separate();
                }
            }
            b';' => {
                self.close_angles();
                self.separate();
            }
            b',' => self.separate(),
            _ => self.depth += 1,
        }
        self.before = [self.before[1], mark];
    }

    fn begin(&mut self, mark: u8, is_flat: bool) {
        self.open.push(Open {
            mark,
            outside: self.depth,
            is_flat: is_flat || self.is_flat(),
        });
        self.depth += 1;
    }

    fn end(&mut self) {
        if let Some(open) = self.open.pop() {
            self.depth = open.outside + 1;
        }
    }

    /// Begins the next part of a group or of a list of generics.
    fn separate(&mut self) {
        self.depth = self.open.last().map_or(0, |open| open.outside + 1);
    }

    /// Ends lists of generics that are none: their marks compare or shift values.
    fn close_angles(&mut self) {
        while self.is_in_angles() {
            self.end();
        }
    }

    fn is_flat(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_flat)
    }

    fn is_in_angles(&self) -> bool {
        self.open.last().is_some_and(|open| open.mark == b'<')
    }
}

/// Stands for a name or keyword.
const WORD: u8 = b'a';

/// Stands for a literal, a lifetime, documentation or an operator.
const VALUE: u8 = b'0';

#[cfg(test)]
mod tests {
    use super::too_deep;

    #[test]
    fn b3_a_long_text_is_not_a_deep_one() {
        for (before, part, after) in [
            ("", "fn f(a: &[Vec<u8>; 1]) -> u8 { a }\n", ""),
            ("", "#[a(b)] mod c {} use d::{e, f};", ""),
            ("const A: [u8; 2] = [", "1 << 2, ", "];"),
            ("const A: [u8; 2] = [", "(a << 2) <= 3, ", "];"),
            ("fn f() {", "if a < b { c } ", "}"),
            ("fn f() { match a {", "a if a < b => { c } ", "} }"),
            ("fn f() {", "a = b < c; ", "}"),
            ("m! {", "a < b ", "}"),
            ("macro_rules! m {", "($a:ty) => { $a < b } ", "}"),
            ("#[a(", "b c ", ")] struct S;"),
            ("struct S {", "a: Option<fn(&str) -> Vec<u8>>, ", "}"),
        ] {
            let text = format!("{before}{}{after}", part.repeat(5_000));
            assert_eq!(too_deep(&text), None, "{part}");
        }
    }

    #[test]
    fn b3_a_deep_text_is_too_deep_at_a_token() {
        let text = format!("const A: u8 = {}1;", "(".repeat(2_000));
        let place = too_deep(&text).unwrap();
        assert!(place > 900 && text.as_bytes()[place - 1] == b'(', "{place}");
        let text = format!("type A = {}u8;", "Ä<u8, ".repeat(2_000));
        assert!(text.is_char_boundary(too_deep(&text).unwrap()));
    }
}
