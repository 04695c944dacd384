//! Generated configs and urls: the package for Python reads them as Rust does.

use std::io::Write as _;
use std::process::{Command, Stdio};

use redis_components::ComponentConfig;
use redis_components_testing::python;
use serde_json::{Value, json};

use crate::configs::{read, runtime};

/// Reads a list of texts, and prints what each means: JSON and a digest, or nothing if it is refused.
const MEANINGS: &str = r#"
import json, sys
from redis_components import config

def meaning(read, text):
    try:
        found = read(text)
    except config.ConfigInvalidError:
        return None
    return [json.loads(config.to_json(found)), config.digest(found, "salt")]

jsons, urls = json.load(sys.stdin)
print(json.dumps([
    [meaning(config.from_json, text) for text in jsons],
    [meaning(config.from_url, text) for text in urls],
]))
"#;

#[test]
fn r13_generated_configs_mean_the_same_in_python() {
    let mut random = Random(2026);
    let schema = read("config.schema.json");
    let names: Vec<&str> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let jsons: Vec<String> = (0..20_000).map(|_| random.config(&names)).collect();
    let urls: Vec<String> = (0..5_000).map(|_| random.url()).collect();
    let in_rust = |config: Result<ComponentConfig, redis_components::Error>| match config {
        Ok(config) => {
            let written: Value = serde_json::from_str(&config.to_json()).unwrap();
            json!([written, config.digest("salt")])
        }
        Err(_) => Value::Null,
    };
    let in_python = meanings_in_python(&json!([jsons, urls]));
    let mut accepted = [0, 0];
    let mut failures = Vec::new();
    for (kind, texts) in [&jsons, &urls].into_iter().enumerate() {
        for (number, text) in texts.iter().enumerate() {
            let found = in_rust(match kind {
                0 => ComponentConfig::from_json(text),
                _ => ComponentConfig::from_url(text),
            });
            accepted[kind] += usize::from(!found.is_null());
            let python = &in_python[kind][number];
            if found != *python {
                failures.push(format!("{text}: {found} in Rust, {python} in Python"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(accepted.iter().all(|count| *count > 500), "{accepted:?}");
}

fn meanings_in_python(texts: &Value) -> Value {
    let mut child = Command::new(python().unwrap())
        .args(["-c", MEANINGS])
        .env("PYTHONPATH", runtime().join("../../python/src"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(texts.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The same numbers in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// Returns JSON that is more or less a config: half of the values fit their fields.
    fn config(&mut self, names: &[&str]) -> String {
        let places = [
            r#""host":"h""#,
            r#""url":"redis://u:p@h:7/2""#,
            r#""url":"rediss://h""#,
            r#""cluster":["a:7000",["b",1]]"#,
            r#""sentinels":["s"],"service_name":"m""#,
            r#""unix_socket_path":"/run/x""#,
            r#""disabled":true"#,
        ];
        let mut fields = vec![self.one(&places).to_owned()];
        if self.below(3) == 0 {
            fields.push(r#""ssl":true"#.to_owned());
        }
        for _ in 0..self.below(4) {
            let name = self.one(names);
            let value = if self.below(2) == 0 {
                self.fitting(name)
            } else {
                self.one(&VALUES)
            };
            fields.push(format!("\"{name}\":{value}"));
        }
        format!("{{{}}}", fields.join(","))
    }

    fn fitting(&mut self, name: &str) -> &'static str {
        if name.ends_with("timeout") {
            return self.one(&[
                "0.1",
                "2",
                "600",
                "0.001",
                "1e-3",
                "0.3333333333333333",
                "1e2",
            ]);
        }
        match name.trim_start_matches("sentinel_") {
            "port" | "db" => self.one(&["1", "\"2\"", "3.0", "\" 4 \"", "0"]),
            "ssl_min_version" => self.one(&["771", "772"]),
            "ssl_cert_reqs" => self.one(&["\"required\"", "\"none\""]),
            "read_from" => self.one(&["\"primary\"", "\"replica\""]),
            "max_connections" => self.one(&["1", "7", "18446744073709551615"]),
            "ssl_ca_data" => "\"-----BEGIN CERTIFICATE-----\"",
            "kwargs" => self.one(&[
                "{}",
                r#"{"username":"u","ssl":1}"#,
                r#"{"ssl_password":"x"}"#,
            ]),
            name if name.contains("file") || name.contains("certs") => "\"/a.pem\"",
            name if name.starts_with("ssl") || name.starts_with("re") => {
                self.one(&["true", "false"])
            }
            _ => self.one(&["\"a\"", "\"ü\\u0001\"", "\"127.0.0.1\"", "null", "\"\""]),
        }
    }

    fn url(&mut self) -> String {
        let mut url = self.one(&SCHEMES).to_owned();
        for _ in 0..self.below(7) {
            url.push_str(self.one(&PIECES));
        }
        url
    }
}

const SCHEMES: [&str; 6] = [
    "redis://",
    "redis://h",
    "rediss://u:p@h",
    "redis+unix://",
    "valkey://[::1]",
    "unix:///run/x",
];

const PIECES: [&str; 30] = [
    "a",
    "h",
    "0",
    "7",
    "12",
    ":",
    "@",
    "/",
    "?db=1",
    "&",
    "db=",
    "protocol=3",
    "#",
    "[",
    "]",
    "::",
    "%41",
    "%",
    "%ff",
    "%2",
    "%C3%A4",
    "ü",
    " ",
    "\n",
    "\u{85}",
    "\u{1c}",
    ".",
    ",",
    "=",
    "0x7f.1",
];

const VALUES: [&str; 60] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "2.5",
    "6379",
    "6379.0",
    "65536",
    "1e3",
    "1E+2",
    "1e-400",
    "4294967295",
    "4294967296",
    "9007199254740993.0",
    "18446744073709551616",
    "1e19",
    "1e308",
    "771",
    "772.0",
    "0.0010000000000000001",
    "599.9999999999999",
    "600.0000001",
    "\"\"",
    "\" \"",
    "\"a\"",
    "\"A.b-c_d.\"",
    "\"h:1\"",
    "\"[::1]\"",
    "\"::1%eth0\"",
    "\"::ffff:0:0\"",
    "\"1:2:3:4:5:6:7::\"",
    "\"::1.2.3.4\"",
    "\"::01.2.3.4\"",
    "\"0x0\"",
    "\"127.1\"",
    "\"08\"",
    "\"4294967296\"",
    "\"1.2.3.4.5\"",
    "\"0\"",
    "\"+1\"",
    "\"\\t7\\f\"",
    "\"\\u000b7\"",
    "\"٣\"",
    "\"a\\u2028\"",
    "\"a\\u00a0b\"",
    "\"/x\"",
    "\"/x\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"primary\"",
    "\"required\"",
    "[]",
    "[\"a\"]",
    "[[\"a\",1],{\"host\":\"b\"}]",
    "{}",
    "{\"host\":\"h\"}",
    "{\"env\":\"X\"}",
];
