//! Function bodies, which nothing here needs: they are cut out before the parser sees them.

use super::cuts::Cuts;
use super::lexer::{Lexer, Token};

/// Cuts out what is inside of function bodies; `None` where the text is not understood.
pub(super) fn without_bodies(text: &str) -> Option<(String, Cuts)> {
    let mut lexer = Lexer::new(text);
    let mut kept = String::with_capacity(text.len());
    let mut cuts = Cuts::default();
    let mut copied = 0;
    while let Some(token) = lexer.next() {
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

/// What follows a signature.
enum Signature {
    Body,
    Nothing,
}

/// Goes on to the brace that opens the body.
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

/// Goes on behind the brace that closes the body, and returns its place.
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
    use super::without_bodies;

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
            let (short, cuts) = without_bodies(text).unwrap();
            assert_eq!(short, expected);
            assert_eq!(cuts.whole(0..short.len()), 0..text.len());
        }
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
            assert!(without_bodies(text).is_none(), "{text}");
        }
    }
}
