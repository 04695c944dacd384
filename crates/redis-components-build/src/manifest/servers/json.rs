//! JSON, read as strictly as the runtime reads it.

use super::problem::Problem;

/// How deep a config may be.
const DEEPEST: usize = 127;

/// The name by which serde_json tells itself that a text is JSON. The runtime refuses it.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

#[derive(Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Reads an object, or a list of values, each of which may be as deep as an object.
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    let mut parser = Parser { text, at: 0 };
    parser.skip_space();
    let depth = DEEPEST + usize::from(parser.peek() == Some(b'['));
    let value = parser.value(depth);
    parser.skip_space();
    match value {
        Some(value) if parser.at == text.len() => Ok(value),
        _ => Err(parser.problem()),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Value {
    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.parse().ok(),
            _ => None,
        }
    }

    /// Returns a number that is written in digits alone.
    pub(super) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.parse().ok(),
            _ => None,
        }
    }
}

impl Parser<'_> {
    fn problem(&self) -> Problem {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before[start..].chars().count() + 1;
        let message = format!("is JSON with a mistake in line {line}, column {column}");
        let help = "write a config as {\"host\": \"…\", \"port\": …}, and give each name once; or write a url";
        Problem::new(message, "cannot be read", help)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &str) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        rest.starts_with(word).then(|| self.at += word.len())
    }

    /// Reads a value that holds at most `depth` others inside of each other.
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_space();
        match self.peek()? {
            b'n' => self.take("null").map(|()| Value::Null),
            b't' => self.take("true").map(|()| Value::Bool(true)),
            b'f' => self.take("false").map(|()| Value::Bool(false)),
            b'"' => self.string().map(Value::Text),
            b'[' => self.list(depth.checked_sub(1)?),
            b'{' => self.object(depth.checked_sub(1)?),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.take("[")?;
        let mut values = Vec::new();
        self.skip_space();
        if self.take("]").is_some() {
            return Some(Value::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            self.skip_space();
            if self.take(",").is_none() {
                self.take("]")?;
                return Some(Value::List(values));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.take("{")?;
        let mut fields: Vec<(String, Value)> = Vec::new();
        self.skip_space();
        if self.take("}").is_some() {
            return Some(Value::Object(fields));
        }
        loop {
            self.skip_space();
            let start = self.at;
            let name = self.string()?;
            if name == RAW_VALUE || fields.iter().any(|(known, _)| *known == name) {
                self.at = start;
                return None;
            }
            self.skip_space();
            self.take(":")?;
            fields.push((name, self.value(depth)?));
            self.skip_space();
            if self.take(",").is_none() {
                self.take("}")?;
                return Some(Value::Object(fields));
            }
        }
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        let _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        let number = self.text.get(start..self.at)?;
        let is_finite = number.parse::<f64>().is_ok_and(f64::is_finite);
        is_finite.then(|| Value::Number(number.to_owned()))
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut text = String::new();
        loop {
            let character = self.text.get(self.at..)?.chars().next()?;
            match character {
                '"' => {
                    self.at += 1;
                    return Some(text);
                }
                '\\' => text.push(self.escape()?),
                '\0'..='\u{1f}' => return None,
                _ => {
                    self.at += character.len_utf8();
                    text.push(character);
                }
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let escaped = *self.text.as_bytes().get(self.at + 1)?;
        let character = match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return None,
        };
        self.at += 2;
        Some(character)
    }

    /// Reads `\uXXXX`, or two of them that are one character.
    fn unicode(&mut self) -> Option<char> {
        let mut units = Vec::new();
        loop {
            self.take("\\u")?;
            let digits = self.text.get(self.at..self.at + 4)?;
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            units.push(u16::from_str_radix(digits, 16).ok()?);
            self.at += 4;
            let mut characters = char::decode_utf16(units.iter().copied());
            match characters.next()? {
                Ok(character) if characters.next().is_none() => return Some(character),
                Err(_) if units.len() == 1 => {}
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RAW_VALUE, parse};

    /// The runtime reads with serde_json.
    fn agrees(text: &str) {
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        assert_eq!(parse(text).is_ok(), theirs.is_ok(), "{text}");
    }

    #[test]
    fn json_is_read_as_the_runtime_reads_it() {
        let deep = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for text in [deep(126), deep(127), deep(128)] {
            agrees(&text);
        }
        for value in [
            "0",
            "-0",
            "00",
            "01",
            "-",
            "+1",
            "1.",
            ".1",
            "1.5e3",
            "1E+3",
            "1e",
            "1e400",
            "-1e400",
            "1e-400",
            "0x1",
            "NaN",
            "nul",
            "null",
            "nulll",
            "true",
            "'a'",
            "\"\"",
            "\"\\u00e4\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"\\ud83d\\u0041\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"\\x\"",
            "\"\t\"",
            "\"\u{7f}\"",
            "\"ä\"",
            "\"\\",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[]",
            "{}",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "/**/1",
            "\u{a0}1",
            "1 ",
            "\n\r\t 1",
            "",
        ] {
            agrees(&format!("{{\"x\":{value}}}"));
            agrees(&format!("[{value}]"));
            agrees(&format!("[1]{value}"));
        }
    }

    #[test]
    fn mutated_json_is_read_as_the_runtime_reads_it() {
        let text =
            r#"{"host": "h\u0041", "a": [1.5e3, -0, null, true, {"b": "\\\""}], "c": false}"#;
        let bytes: Vec<char> = text.chars().chain("ä'0e.".chars()).collect();
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let mut mutated: Vec<char> = text.chars().collect();
            for _ in 0..random.usize(1..3) {
                let (at, other) = (random.usize(..mutated.len()), random.usize(..bytes.len()));
                match random.u8(..3) {
                    0 => mutated[at] = bytes[other],
                    1 => mutated.insert(at, bytes[other]),
                    _ => drop(mutated.remove(at)),
                }
            }
            let mutated: String = mutated.into_iter().collect();
            // serde_json keeps the last of several fields with one name.
            let theirs = serde_json::from_str(&mutated).map_or(0, |value| names(&value));
            let is_twice = theirs > 0 && theirs < mutated.matches(':').count();
            if !is_twice {
                agrees(&mutated);
            }
        }
    }

    fn names(value: &serde_json::Value) -> usize {
        match value {
            serde_json::Value::Object(object) => {
                object.len() + object.values().map(names).sum::<usize>()
            }
            serde_json::Value::Array(values) => values.iter().map(names).sum(),
            _ => 0,
        }
    }

    #[test]
    fn json_inside_of_json_is_refused() {
        assert!(parse(&format!("{{\"x-note\": {{\"{RAW_VALUE}\": \"1\"}}}}")).is_err());
    }

    #[test]
    fn a_name_that_is_given_twice_is_pointed_at() {
        let problem = parse("{\"host\": \"h\",\n \"h\\u006fst\": \"i\"}").unwrap_err();
        assert_eq!(
            problem.message,
            "is JSON with a mistake in line 2, column 2"
        );
    }
}
