//! Whether the target has what the source has, behind the fence.

use clap::ValueEnum;
use redis::Pipeline;

use super::side::Side;
use super::values::Pair;
use crate::failure::{Code, Failure};
use crate::text::{counted, named, printable};

/// How many keys are read at once.
const KEYS: usize = 100;
/// How many keys a sample has.
const SAMPLE: usize = 1000;
/// By how much times to live may differ, in milliseconds: a program reads them before it writes them.
const TOLERANCE: i64 = 5000;
/// The answer of `PTTL` for a key that is not there.
const GONE: i64 = -2;
/// How many differences are looked for.
const MOST: usize = 100;
/// The end of a `DUMP`: the version of the format, and a checksum.
const FOOTER: usize = 10;

/// How much is compared before the configs name the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compare {
    /// Every key, its value and its time to live.
    #[default]
    All,
    /// The number of keys, and the values of 1,000.
    Sample,
}

/// What a comparison has found.
#[derive(Debug, Default)]
struct Found {
    compared: u64,
    differences: Vec<String>,
}

type Dump = (Option<Vec<u8>>, i64);

/// Compares both sides. Returns how many keys were compared.
///
/// # Errors
///
/// Returns an error that names keys that differ.
pub(super) async fn compare(source: &Side, target: &Side, how: Compare) -> Result<u64, Failure> {
    let mut found = Found::default();
    let is_small = source.size().await? <= SAMPLE as u64;
    let all = how == Compare::All || is_small;
    if all {
        forward(source, target, true, &mut found).await?;
    } else {
        let keys = sample(source).await?;
        for keys in keys.chunks(KEYS) {
            values(source, target, keys, &mut found).await?;
        }
    }
    // Keys that had expired are gone, because they were looked at. Keys that expire soon may be missing,
    // so with all keys the numbers prove nothing.
    if found.differences.is_empty() && (all || source.size().await? != target.size().await?) {
        if !all {
            forward(source, target, false, &mut found).await?;
        }
        backward(source, target, &mut found).await?;
    }
    if found.differences.is_empty() {
        return Ok(found.compared);
    }
    let count = match found.differences.len() {
        MOST.. => format!("{MOST} keys or more"),
        count => counted(count, "key"),
    };
    let text = format!(
        "the copy on {} is not what {} has, {count} differ: {}",
        target.address,
        source.address,
        named(found.differences.into_iter())
    );
    Err(Failure::new(Code::NotPossible, text).at(&target.address))
}

/// Looks for all keys of the source at the target.
async fn forward(
    source: &Side,
    target: &Side,
    with_values: bool,
    found: &mut Found,
) -> Result<(), Failure> {
    for number in 0..source.links.len() {
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys) = scan(source, number, &cursor).await?;
            if with_values {
                values(source, target, &keys, found).await?;
            } else {
                let missing = missing(target, &keys).await?;
                let missing = still_there(source, missing).await?;
                found.note(&missing, "is not there");
            }
            if next == "0" || found.differences.len() >= MOST {
                break;
            }
            cursor = next;
        }
    }
    Ok(())
}

/// Looks for all keys of the target at the source.
async fn backward(source: &Side, target: &Side, found: &mut Found) -> Result<(), Failure> {
    for number in 0..target.links.len() {
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys) = scan(target, number, &cursor).await?;
            let surplus = missing(source, &keys).await?;
            let surplus = still_there(target, surplus).await?;
            found.note(&surplus, "is only there");
            if next == "0" || found.differences.len() >= MOST {
                break;
            }
            cursor = next;
        }
    }
    Ok(())
}

/// Compares what both sides have under keys.
async fn values(
    source: &Side,
    target: &Side,
    keys: &[Vec<u8>],
    found: &mut Found,
) -> Result<(), Failure> {
    let here = dumps(source, keys).await?;
    let there = dumps(target, keys).await?;
    for (key, (here, there)) in keys.iter().zip(here.into_iter().zip(there)) {
        let ((Some(value), time), (other, other_time)) = (here, there) else {
            // It has expired meanwhile.
            continue;
        };
        found.compared += 1;
        let Some(other) = other else {
            if !(0..TOLERANCE).contains(&time) {
                found.note(std::slice::from_ref(key), "is not there");
            }
            continue;
        };
        let is_lasting = (time < 0, other_time < 0);
        if is_lasting.0 != is_lasting.1 || (time - other_time).abs() > TOLERANCE {
            found.note(std::slice::from_ref(key), "expires at another time");
            continue;
        }
        let pair = Pair {
            source: &source.links[source.number_of(key)],
            target: &target.links[target.number_of(key)],
            key,
        };
        if body(&value) != body(&other) && !pair.is_same().await? {
            found.note(std::slice::from_ref(key), "has another value");
        }
    }
    Ok(())
}

fn body(dump: &[u8]) -> &[u8] {
    &dump[..dump.len().saturating_sub(FOOTER)]
}

/// Returns what a side has under each key, and for how long, in milliseconds.
async fn dumps(side: &Side, keys: &[Vec<u8>]) -> Result<Vec<Dump>, Failure> {
    let each = |pipeline: &mut Pipeline, key: &[u8]| {
        pipeline.cmd("DUMP").arg(key).cmd("PTTL").arg(key);
    };
    let mut found = vec![(None, GONE); keys.len()];
    for (number, places) in by_link(side, keys).into_iter().enumerate() {
        let mut pipeline = Pipeline::new();
        places
            .iter()
            .for_each(|place| each(&mut pipeline, &keys[*place]));
        if places.is_empty() {
            continue;
        }
        let answers: Vec<redis::Value> = side.links[number].send_all(&pipeline).await?;
        for (place, answer) in places.into_iter().zip(answers.chunks_exact(2)) {
            let dump = redis::from_redis_value(answer[0].clone()).unwrap_or_default();
            let time = redis::from_redis_value(answer[1].clone()).unwrap_or(GONE);
            found[place] = at_once(dump, time);
        }
    }
    Ok(found)
}

/// Returns what two answers say of a key together: it may have expired between them.
fn at_once(dump: Option<Vec<u8>>, time: i64) -> Dump {
    (dump.filter(|_| time != GONE), time)
}

/// Returns the keys that a side does not have.
async fn missing(side: &Side, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut missing = Vec::new();
    for (number, places) in by_link(side, keys).into_iter().enumerate() {
        let mut pipeline = Pipeline::new();
        for place in &places {
            pipeline.cmd("EXISTS").arg(&keys[*place]);
        }
        if places.is_empty() {
            continue;
        }
        let exist: Vec<u8> = side.links[number].send_all(&pipeline).await?;
        let places = places.into_iter().zip(exist);
        missing.extend(
            places
                .filter(|(_, exists)| *exists == 0)
                .map(|(place, _)| keys[place].clone()),
        );
    }
    Ok(missing)
}

/// Returns the keys that a side still has, and will have in a while.
async fn still_there(side: &Side, keys: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let dumps = dumps(side, &keys).await?;
    let lives = |(dump, time): &Dump| dump.is_some() && !(0..TOLERANCE).contains(time);
    let both = keys.into_iter().zip(dumps);
    Ok(both
        .filter(|(_, dump)| lives(dump))
        .map(|(key, _)| key)
        .collect())
}

/// Returns the places of keys by the link that has them.
fn by_link(side: &Side, keys: &[Vec<u8>]) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new(); side.links.len()];
    for (place, key) in keys.iter().enumerate() {
        places[side.number_of(key)].push(place);
    }
    places
}

async fn scan(side: &Side, number: usize, cursor: &str) -> Result<(String, Vec<Vec<u8>>), Failure> {
    let mut pipeline = Pipeline::new();
    pipeline.cmd("SCAN").arg(cursor).arg("COUNT").arg(KEYS);
    let (answer,) = side.links[number].send_all(&pipeline).await?;
    Ok(answer)
}

/// Returns some keys of a side.
async fn sample(side: &Side) -> Result<Vec<Vec<u8>>, Failure> {
    let mut keys = Vec::new();
    for link in &side.links {
        let mut pipeline = Pipeline::new();
        for _ in 0..SAMPLE / side.links.len() {
            pipeline.cmd("RANDOMKEY");
        }
        let found: Vec<Option<Vec<u8>>> = link.send_all(&pipeline).await?;
        keys.extend(found.into_iter().flatten());
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

impl Found {
    fn note(&mut self, keys: &[Vec<u8>], what: &str) {
        let shown = keys.iter().map(|key| {
            let key = printable(&String::from_utf8_lossy(key));
            format!("`{key}` {what}")
        });
        self.differences.extend(shown);
    }
}

#[cfg(test)]
mod tests {
    use redis_components_testing::Server;

    use super::{Compare, GONE, at_once, compare};
    use crate::copying::side::Side;

    #[tokio::test]
    async fn r15_a_key_that_expires_soon_hides_none_that_only_the_copy_has() {
        let (source, target) = (Server::start(), Server::start());
        for server in [&source, &target] {
            server.command(&["SET", "known", "before"]);
        }
        let sides = async || {
            let source = Side::connect("logs", &source.config()).await;
            (
                source.unwrap(),
                Side::connect("logs", &target.config()).await.unwrap(),
            )
        };
        let (here, there) = sides().await;
        assert_eq!(compare(&here, &there, Compare::All).await.unwrap(), 1);
        target.command(&["SET", "surplus", "key"]);
        source.command(&["SET", "brief", "key", "PX", "4900"]);
        let failure = compare(&here, &there, Compare::All).await.unwrap_err();
        let text = failure.message;
        assert!(text.contains("`surplus` is only there"), "{text}");
    }

    #[test]
    fn r15_a_key_that_expires_while_it_is_read_is_not_there() {
        let value = || Some(vec![1]);
        assert_eq!(at_once(value(), GONE), (None, GONE));
        for time in [-1, 0, 1] {
            assert_eq!(at_once(value(), time), (value(), time));
        }
    }
}
