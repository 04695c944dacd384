use fastrand::Rng;

/// Text that means something to one of the parsers, and text that is hostile to most.
const FRAGMENTS: [&str; 72] = [
    "\"",
    "'",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "\\",
    "\0",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\u{feff}",
    "\u{202e}",
    "\u{2028}",
    "\u{e9}",
    "e\u{301}",
    "\u{1f980}",
    "/*",
    "*/",
    "//",
    "/// a\n",
    "/** a */",
    "//! a\n",
    "#!",
    "#![allow(a::b)]\n",
    "r#\"",
    "\"#",
    "r#type",
    "'a",
    "'_",
    "&mut ",
    "&",
    "fn ",
    "async ",
    "pub ",
    "pub(crate) ",
    "pub(super) ",
    "pub use a::b;",
    "use super::*;",
    "use self::m::*;",
    "impl Fn(&str) -> ",
    "impl ",
    "dyn ",
    "-> ",
    "-> !",
    "::",
    "=",
    ",",
    ";",
    ":",
    "..",
    "#[cfg(x)] ",
    "#[__docs0]",
    "#[path = \"../x.rs\"] ",
    "macro_rules! m { () => {} }",
    "m!()",
    "mod m { ",
    "mod m;",
    "connection",
    "COMPONENT",
    "1s",
    "self",
    "Self",
    "crate",
    "const N: usize",
    "type X<'a> = &'a mut X<'a>;",
    "type Y = Z; type Z = Y;",
];

/// What is in the place of a whole text.
pub(crate) fn any(random: &mut Rng) -> String {
    let length = random.usize(..40);
    (0..length)
        .map(|_| match random.u8(..4) {
            0 => random.char(..).to_string(),
            1 => random.char(' '..='~').to_string(),
            2 => " ".to_owned(),
            _ => fragment(random).to_owned(),
        })
        .collect()
}

pub(crate) fn fragment(random: &mut Rng) -> &'static str {
    FRAGMENTS[random.usize(..FRAGMENTS.len())]
}

/// Cuts a text into words, white space and single marks.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let class = class(first);
        let same = |c: char| class != Class::Mark && self::class(c) == class;
        let end = rest[first.len_utf8()..].find(|c| !same(c));
        let end = end.map_or(rest.len(), |end| end + first.len_utf8());
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after;
    }
    tokens
}

#[derive(PartialEq)]
enum Class {
    Word,
    Space,
    Mark,
}

fn class(character: char) -> Class {
    if character.is_alphanumeric() || character == '_' {
        Class::Word
    } else if character.is_whitespace() {
        Class::Space
    } else {
        Class::Mark
    }
}
