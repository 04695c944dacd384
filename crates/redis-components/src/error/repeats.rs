//! Whether a text repeats a secret, as it is or in one of the ways in which programs write text.

use std::collections::HashSet;
use std::iter::{once, successors};

/// A longer text is not searched, and counts as one that repeats every secret.
const LONGEST: usize = 4096;
/// How often one way to write a text may be used on top of another.
const DEPTH: usize = 2;
/// The first characters of a secret are enough: whoever repeats it may cut it off.
const BEGINNING: usize = 6;
/// A shorter secret stands in other words by chance, and is looked for as a word of its own.
const SHORT: usize = 4;

/// Returns `true` if `text` repeats `secret`, or how it begins: in upper or lower case, escaped, as a
/// part of a URL, in base64, or as numbers in hexadecimal or decimal.
pub(crate) fn repeats(text: &str, secret: &str) -> bool {
    holds(text, secret, BEGINNING)
}

/// Does the same as [`repeats`] for a text that holds the whole secret.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) fn repeats_all(text: &str, secret: &str) -> bool {
    holds(text, secret, usize::MAX)
}

/// Looks for the first `length` characters of the secret.
fn holds(text: &str, secret: &str, length: usize) -> bool {
    if secret.is_empty() {
        return false;
    }
    if text.len() > LONGEST {
        return true;
    }
    let is_short = secret.chars().count() < SHORT;
    let beginning: String = secret.to_lowercase().chars().take(length).collect();
    let mut seen = HashSet::new();
    let mut texts = vec![text.to_owned()];
    for _ in 0..=DEPTH {
        let has_beginning = |text: &String| {
            let text = text.to_lowercase();
            if is_short {
                has_word(&text, &beginning)
            } else {
                text.contains(&beginning)
            }
        };
        if texts.iter().any(has_beginning) {
            return true;
        }
        // What a short secret could mean in numbers is met by chance.
        let decoded = texts.iter().flat_map(|text| {
            let numbers = (!is_short).then(|| decoded_numbers(text));
            unescaped(text)
                .into_iter()
                .chain(numbers.into_iter().flatten())
        });
        let new = decoded.filter(|text| !text.is_empty() && seen.insert(text.clone()));
        texts = new.collect();
    }
    false
}

/// Returns `true` if `word` stands in the text without letters or digits around it.
fn has_word(text: &str, word: &str) -> bool {
    let is_edge = |next: Option<char>| next.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(word).any(|(at, word)| {
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    })
}

/// Returns the text without the escapes of URLs, of strings in programs, and of HTML.
fn unescaped(text: &str) -> [String; 4] {
    [
        percent_decoded(text),
        percent_decoded(&text.replace('+', " ")),
        without_backslashes(text),
        without_entities(text),
    ]
}

/// Returns what numbers in the text stand for: hexadecimal, with or without something between two
/// digits and the next, decimal, and base64.
fn decoded_numbers(text: &str) -> Vec<String> {
    let hexadecimal = text
        .replace("0x", " ")
        .replace("\\x", " ")
        .replace('%', " ");
    let dense: String = hexadecimal
        .chars()
        .filter(|c| !" :,-;[]".contains(*c))
        .collect();
    let is_hexadecimal = |c: char| c.is_ascii_hexdigit();
    // Fewer digits hold no beginning of a secret.
    let of_hexadecimal = runs(text, is_hexadecimal, 2 * SHORT)
        .chain(runs(&dense, is_hexadecimal, 2 * SHORT))
        .flat_map(|run| [hexadecimal_bytes(run), hexadecimal_bytes(&run[1..])]);
    let of_base64 = runs(text, |c| base64_digit(c).is_some(), SHORT * 4 / 3)
        .flat_map(|run| (0..4).map(|from| base64_bytes(&run[from..])));
    let of_decimal = once(decimal_bytes(text));
    let all = of_hexadecimal.chain(of_base64).chain(of_decimal);
    all.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn runs(
    text: &str,
    is_digit: impl Fn(char) -> bool,
    at_least: usize,
) -> impl Iterator<Item = &str> {
    let runs = text.split(move |c| !is_digit(c));
    runs.filter(move |run| run.len() >= at_least)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let coded = behind
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = coded.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Takes out backslashes, and replaces `\n`, `\x41`, `\u0041` and `\u{41}` by what they mean.
fn without_backslashes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut next = behind.chars();
        let kind = next.next();
        let after = next.as_str();
        let (meant, left) = match kind {
            Some('n') => (Some('\n'), after),
            Some('r') => (Some('\r'), after),
            Some('t') => (Some('\t'), after),
            Some('x') => numbered(after, 2),
            Some('u') => match after
                .strip_prefix('{')
                .and_then(|code| code.split_once('}'))
            {
                Some((code, left)) => (character(code), left),
                None => numbered(after, 4),
            },
            other => (other, after),
        };
        plain.extend(meant);
        rest = left;
    }
    plain.push_str(rest);
    plain
}

fn numbered(text: &str, digits: usize) -> (Option<char>, &str) {
    match text.split_at_checked(digits) {
        Some((code, left)) => (character(code), left),
        None => (None, text),
    }
}

fn character(code: &str) -> Option<char> {
    u32::from_str_radix(code, 16).ok().and_then(char::from_u32)
}

/// Replaces what HTML and XML write for other characters.
fn without_entities(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        plain.push_str(before);
        let meant = behind.split_once(';').and_then(|(name, left)| {
            let number = name.strip_prefix('#');
            let meant = match (name, number) {
                ("lt", _) => '<',
                ("gt", _) => '>',
                ("amp", _) => '&',
                ("quot", _) => '"',
                ("apos", _) => '\'',
                (_, Some(number)) => match number.strip_prefix(['x', 'X']) {
                    Some(code) => character(code)?,
                    None => char::from_u32(number.parse().ok()?)?,
                },
                _ => return None,
            };
            Some((meant, left))
        });
        let (meant, left) = meant.unwrap_or(('&', behind));
        plain.push(meant);
        rest = left;
    }
    plain.push_str(rest);
    plain
}

fn hexadecimal_bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.filter_map(byte).collect()
}

fn decimal_bytes(text: &str) -> Vec<u8> {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

fn base64_digit(c: char) -> Option<u32> {
    match c {
        'A'..='Z' => Some(u32::from(c) - u32::from('A')),
        'a'..='z' => Some(u32::from(c) - u32::from('a') + 26),
        '0'..='9' => Some(u32::from(c) - u32::from('0') + 52),
        '+' | '-' => Some(62),
        '/' | '_' => Some(63),
        _ => None,
    }
}

fn base64_bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(base64_digit).collect();
    let bytes = digits.chunks(4).flat_map(|chunk| {
        let bits = chunk.iter().fold(0, |bits, digit| bits << 6 | digit);
        let bits = bits << (6 * (4 - chunk.len()));
        // A chunk that is cut off has fewer whole bytes.
        let whole = chunk.len() * 6 / 8;
        successors(Some(16_u32), |shift| shift.checked_sub(8))
            .take(whole)
            .map(move |shift| bits >> shift & 0xff)
    });
    bytes.filter_map(|byte| u8::try_from(byte).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::repeats;

    const SECRET: &str = "Parus maj+r/7é&Q";

    #[test]
    fn r8_a_secret_is_found_in_each_way_to_write_it() {
        let bytes = SECRET.as_bytes();
        let hexadecimal = |between: &str| {
            let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            bytes.join(between)
        };
        let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        for (what, spelling) in [
            ("as it is", SECRET.to_owned()),
            ("upper case", SECRET.to_uppercase()),
            ("lower case", SECRET.to_lowercase()),
            ("cut off", SECRET[..8].to_owned()),
            ("in debug form", format!("{SECRET:?}")),
            ("in a url", percent.clone()),
            ("partly in a url", SECRET.replace(' ', "%20")),
            ("in a form", SECRET.replace(' ', "+")),
            ("twice in a url", percent.replace('%', "%25")),
            ("hexadecimal", hexadecimal("")),
            ("hexadecimal in upper case", hexadecimal("").to_uppercase()),
            ("hexadecimal with colons", hexadecimal(":")),
            (
                "hexadecimal with prefixes",
                format!("0x{}", hexadecimal(", 0x")),
            ),
            ("as a literal", format!("\\x{}", hexadecimal("\\x"))),
            ("as bytes", format!("{bytes:?}")),
            ("in XML", "Par&#117;s maj+r/7é&amp;Q".to_owned()),
            ("in JSON", "Par\\u0075s maj+r".to_owned()),
            // `u:Parus maj+r/7é&Q`, so as Basic authentication has it.
            ("base64", "dTpQYXJ1cyBtYWorci83w6kmUQ==".to_owned()),
            (
                "base64 behind a byte",
                "eFBhcnVzIG1haityLzfDqSZR".to_owned(),
            ),
            (
                "base64 behind a word",
                "tokenUGFydXMgbWFqK3IvN8OpJlE=".to_owned(),
            ),
        ] {
            let text = format!("ERR no such thing ({spelling}) here");
            assert!(repeats(&text, SECRET), "{what}: {text}");
        }
    }

    #[test]
    fn what_servers_say_repeats_no_secret() {
        for text in [
            "WRONGPASS invalid username-password pair or user is disabled.",
            "NOAUTH Authentication required.",
            "ERR max number of clients reached",
            "LOADING Redis is loading the dataset in memory",
            "MOVED 3999 127.0.0.1:6381",
            "NOPERM this user has no permissions to run the 'getrange' command",
        ] {
            for secret in [SECRET, "hunter2", "p", "1234", "S3cretZ", "x y z"] {
                assert!(!repeats(text, secret), "{secret}: {text}");
            }
        }
        assert!(!repeats("anything", ""));
    }

    #[test]
    fn a_short_secret_is_looked_for_as_a_word() {
        assert!(repeats("user p, password p", "p"));
        assert!(repeats("the password 'x!' is wrong", "x!"));
        assert!(repeats("the password is X%21", "x!"));
        assert!(!repeats("the password is wrong", "p"));
        assert!(!repeats("the password is wrong", "wro"));
    }

    #[test]
    fn a_long_text_is_not_searched() {
        assert!(repeats(&"x".repeat(5000), SECRET));
        assert!(!repeats(&"x".repeat(4000), SECRET));
    }
}
