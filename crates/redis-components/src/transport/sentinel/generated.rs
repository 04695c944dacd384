//! Generated answers of sentinels.

use redis::{RedisError, Value};

use super::replies::{Answer, answer, is_about, peers};
use crate::config::host_guard::HostGuard;
use crate::error::text::is_printable;
use crate::generated::{disturb, spoil, texts, with_each};

const PRIMARY: [&str; 8] = [
    "name",
    "main",
    "ip",
    "127.0.0.1",
    "port",
    "6379",
    "config-epoch",
    "3",
];

#[test]
fn r11_no_generated_answer_of_a_sentinel_does_harm() {
    let (mut primaries, mut others) = (0, 0);
    with_each(|rng| {
        let mut reply = |words: &[&str]| -> Result<Value, RedisError> {
            match rng.u8(..12) {
                0 => Ok(Value::Nil),
                1 => redis::parse_redis_value(b"-NOPERM no \x1b[2J rights\r\n"),
                2 => redis::parse_redis_value(b"-ERR No such master with that name\r\n"),
                _ => {
                    let mut reply = texts(words);
                    disturb(rng, &mut reply);
                    Ok(reply)
                }
            }
        };
        let (address, primary) = (reply(&["127.0.0.1", "6379"]), reply(&PRIMARY));
        match answer(address, primary, &HostGuard::none()) {
            Answer::Primary(_) => primaries += 1,
            Answer::Refused(reason) => {
                others += 1;
                assert!(is_printable(&reason), "{reason}");
            }
            _ => others += 1,
        }
        let mut list = Value::Array(vec![texts(&PRIMARY), texts(&PRIMARY)]);
        disturb(rng, &mut list);
        assert!(peers(&list, &HostGuard::none()).len() <= 64);
        let mut message = b"main 127.0.0.1 6379 127.0.0.1 6380".to_vec();
        spoil(rng, &mut message);
        let _ = is_about("main", &message);
    });
    assert!(primaries > 0 && others > 0, "{primaries}, {others}");
}
