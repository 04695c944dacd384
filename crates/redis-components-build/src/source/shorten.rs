//! Cuts out the parts of a text that cost the parser most and that nobody needs parsed: function
//! bodies and documentation.

use crate::source::cuts::Cuts;
use crate::source::lexer::{Lexer, Token};

/// Cuts out the contents of function bodies, and replaces documentation by attributes. Returns
/// `None` if it does not understand the text.
pub(crate) fn shorten(text: &str) -> Option<(String, Cuts)> {
    let mut lexer = Lexer::new(text);
    let mut kept = String::with_capacity(text.len());
    let mut cuts = Cuts::default();
    let mut copied = 0;
    while let Some(token) = lexer.next() {
        if let Token::Docs(lines) = token {
            let end = lexer.position();
            let start = end - lines.len();
            let attribute = Cuts::attribute(cuts.docs.len());
            if attribute.len() <= lines.len() {
                kept.push_str(&text[copied..start]);
                kept.push_str(&attribute);
                cuts.add(kept.len(), lines.len() - attribute.len());
                cuts.docs.push(start..end);
                copied = end;
            }
            continue;
        }
        if !matches!(token, Token::Word("fn"))
            || !matches!(lexer.clone().next(), Some(Token::Word(_)))
        {
            continue;
        }
        if let Signature::Body = skip_signature(&mut lexer)? {
            let start = lexer.position();
            let end = skip_body(&mut lexer)?;
            kept.push_str(&text[copied..start]);
            cuts.add(kept.len(), end - start);
            copied = end;
        }
    }
    kept.push_str(&text[copied..]);
    Some((kept, cuts))
}

/// The text after a signature.
enum Signature {
    Body,
    Nothing,
}

/// Moves to the brace that opens the body.
fn skip_signature(lexer: &mut Lexer<'_>) -> Option<Signature> {
    let mut angles = 0_usize;
    let mut is_arrow = false;
    loop {
        let token = lexer.next()?;
        match token {
            Token::Mark(b'(' | b'[') => skip_group(lexer)?,
            Token::Mark(b'<') => angles += 1,
            Token::Mark(b'>') if !is_arrow => angles = angles.checked_sub(1)?,
            // A constant: `Array<{ N + 1 }>`.
            Token::Mark(b'{') if angles > 0 => skip_group(lexer)?,
            Token::Mark(b'{') => return Some(Signature::Body),
            Token::Mark(b';') if angles == 0 => return Some(Signature::Nothing),
            Token::Mark(b'}' | b')' | b']') => return None,
            _ => {}
        }
        is_arrow = matches!(token, Token::Mark(b'-'));
    }
}

fn skip_group(lexer: &mut Lexer<'_>) -> Option<()> {
    let mut depth = 1_usize;
    while depth > 0 {
        match lexer.next()? {
            Token::Mark(b'(' | b'[' | b'{') => depth += 1,
            Token::Mark(b')' | b']' | b'}') => depth -= 1,
            _ => {}
        }
    }
    Some(())
}

/// Moves after the brace that closes the body, and returns its place.
fn skip_body(lexer: &mut Lexer<'_>) -> Option<usize> {
    let mut depth = 1_usize;
    while depth > 0 {
        match lexer.next_brace()? {
            b'{' => depth += 1,
            _ => depth -= 1,
        }
    }
    Some(lexer.position() - 1)
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn bodies_are_cut_out() {
        let cases = [
            ("fn a() { b(); }", "fn a() {}"),
            ("fn a() {\n ü }", "fn a() {}"),
            (
                "fn a(c: F<{ 1 < 2 }>) -> [u8; { 3 }] where G<{ 4 }>: H, {x}",
                "fn a(c: F<{ 1 < 2 }>) -> [u8; { 3 }] where G<{ 4 }>: H, {}",
            ),
            (
                "fn a() {'}'} fn b<'x>() -> &'x str {\"}\"}",
                "fn a() {} fn b<'x>() -> &'x str {}",
            ),
            (
                "fn a() {r#\"}\"#} fn r#fn() {b'\\''}",
                "fn a() {} fn r#fn() {}",
            ),
            (
                "fn a() {br\"\\\" + r##\"}\"#\"## + b\"\\\"}\" + for_r\"\\\"}\"}",
                "fn a() {}",
            ),
            ("fn a() {m!('r\"\\\"}\")} fn b() {}", "fn a() {} fn b() {}"),
            ("fn a() {1 / 2 // }\n} fn b() {}", "fn a() {} fn b() {}"),
            (
                "fn a() {/* } /* } */ */} // fn x() {\nconst C: fn() = {a};",
                "fn a() {} // fn x() {\nconst C: fn() = {a};",
            ),
            (
                "trait T { fn a(); fn b() -> u8 {1} }",
                "trait T { fn a(); fn b() -> u8 {} }",
            ),
            (
                "static S: &str = \"fn a() {b}\";",
                "static S: &str = \"fn a() {b}\";",
            ),
            ("fn\u{2028}größe(ü: u8) {ü}", "fn\u{2028}größe(ü: u8) {}"),
        ];
        for (text, expected) in cases {
            let (short, cuts) = shorten(text).unwrap();
            assert_eq!(short, expected);
            assert_eq!(cuts.whole(0..short.len()), 0..text.len());
        }
    }

    #[test]
    fn attributes_stand_for_documentation() {
        let whole = "/// One line.\n  /// Another.\r\n\n// none\n//// none\n/// a\npub fn a() {1}\n/// Long enough.\n#[b] fn b();";
        let (short, cuts) = shorten(whole).unwrap();
        assert_eq!(
            short,
            "#[__docs0]\r\n\n// none\n//// none\n/// a\npub fn a() {}\n#[__docs1]\n#[b] fn b();"
        );
        assert_eq!(
            &whole[cuts.docs[0].clone()],
            "/// One line.\n  /// Another."
        );
        assert_eq!(&whole[cuts.docs[1].clone()], "/// Long enough.");
        let b = short.find("fn b").unwrap();
        assert_eq!(&whole[cuts.whole(b..b + 4)], "fn b");
        assert_eq!(cuts.whole(0..short.len()), 0..whole.len());
    }

    #[test]
    fn what_is_not_understood_is_left_to_the_parser() {
        for text in [
            "fn a() {",
            "fn a(",
            "fn a() }",
            "fn a() { \"",
            "fn a() { /* }",
        ] {
            assert!(shorten(text).is_none(), "{text}");
        }
    }
}
