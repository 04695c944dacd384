//! Tests with many generated inputs.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use redis::Value;

/// How many inputs a test has, instead of as many as there is time for.
const INPUTS: &str = "REDIS_COMPONENTS_GENERATED_INPUTS";

/// How long a test takes without that.
const TIME: Duration = Duration::from_secs(2);

/// How much more memory the process may have had after all inputs, in KiB.
const MEMORY: u64 = 64 * 1024;

/// Calls `test` with a generator for each input.
pub(crate) fn with_each(mut test: impl FnMut(&mut Rng)) {
    let most: Option<u64> = std::env::var(INPUTS).ok().map(|text| text.parse().unwrap());
    let first = most.map_or_else(|| fastrand::u64(..1 << 40), |_| 0);
    let (before, begun) = (most_memory(), Instant::now());
    let mut count = 0;
    while most.map_or_else(|| begun.elapsed() < TIME, |most| count < most) {
        let seed = Seed(first + count);
        test(&mut Rng::with_seed(seed.0));
        count += 1;
    }
    let (more, took) = (most_memory() - before, begun.elapsed());
    eprintln!("{count} inputs in {took:?}, {more} KiB more memory");
    assert!(more < MEMORY, "{more} KiB more after {count} inputs");
}

/// Tells the seed of an input that a test fails with.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the input's seed is {}", self.0);
        }
    }
}

/// Returns the most memory that the process has ever had, in KiB, where the system tells.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.unwrap_or(0)
}

/// Changes some bytes, or leaves out, doubles or cuts off a part.
pub(crate) fn spoil(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.usize(..4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.usize(..bytes.len());
        let end = at + rng.usize(..=(bytes.len() - at).min(40));
        match rng.u8(..5) {
            0 => bytes[at] = rng.u8(..),
            1 => bytes.insert(at, b"\r\n\0\"\\{}[]:,%@/$*-0"[rng.usize(..17)]),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.extend_from_within(at..end),
            _ => bytes.truncate(at),
        }
    }
}

/// Texts that servers send where they name others, and some that they do not.
const WORDS: [&str; 16] = [
    "127.0.0.1",
    "::1",
    "h",
    "",
    "?",
    "6379",
    "0",
    "-1",
    "99999",
    "3999",
    "master",
    "ip",
    "port",
    "s_down",
    "h o\u{1b}s\nt",
    "\u{202e}",
];

/// Returns any value that is not deeply nested.
pub(crate) fn value(rng: &mut Rng, depth: usize) -> Value {
    let some = |rng: &mut Rng| (0..rng.usize(..5)).map(|_| value(rng, depth + 1)).collect();
    match rng.u8(..if depth < 4 { 9 } else { 6 }) {
        0 => Value::Nil,
        1 => Value::Okay,
        2 => Value::Int([0, 1, -1, 6379, 16_383, 16_384, i64::MAX, i64::MIN][rng.usize(..8)]),
        3 => Value::BulkString(vec![0xff; rng.usize(..3)]),
        4 | 5 => Value::BulkString(WORDS[rng.usize(..WORDS.len())].into()),
        6 => Value::Map(vec![(value(rng, depth + 1), value(rng, depth + 1))]),
        _ => Value::Array(some(rng)),
    }
}

/// Changes some parts of a value.
pub(crate) fn disturb(rng: &mut Rng, whole: &mut Value) {
    if rng.u8(..24) == 0 {
        *whole = value(rng, 2);
        return;
    }
    if let Value::Array(parts) = whole {
        match rng.u8(..40) {
            0 => drop(parts.pop()),
            1 => parts.push(value(rng, 2)),
            2 => rng.shuffle(parts),
            _ => {}
        }
        parts.iter_mut().for_each(|part| disturb(rng, part));
    }
}

/// Returns an array of texts.
pub(crate) fn texts(words: &[&str]) -> Value {
    Value::Array(
        words
            .iter()
            .map(|word| Value::BulkString((*word).into()))
            .collect(),
    )
}
