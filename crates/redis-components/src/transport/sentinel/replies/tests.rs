use redis::{RedisError, Value, parse_redis_value};

use super::{Answer, is_about};
use crate::config::ComponentConfig;
use crate::config::endpoint::{Address, Primary};
use crate::config::host_guard::HostGuard;

fn answer(address: Result<Value, RedisError>, primary: Result<Value, RedisError>) -> Answer {
    super::answer(address, primary, &HostGuard::none())
}

fn peers(reply: &Value) -> Vec<Address> {
    super::peers(reply, &HostGuard::none())
}

fn bulk(words: &[&str]) -> String {
    let one = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
    words.iter().map(one).collect()
}

fn list(words: &[&str]) -> Value {
    parsed(&format!("*{}\r\n{}", words.len(), bulk(words)))
}

fn map(words: &[&str]) -> Value {
    parsed(&format!("%{}\r\n{}", words.len() / 2, bulk(words)))
}

fn parsed(reply: &str) -> Value {
    parse_redis_value(reply.as_bytes()).unwrap()
}

fn refusal(reply: &str) -> Result<Value, RedisError> {
    parsed(&format!("-{reply}\r\n")).extract_error()
}

fn address(host: &str, port: u16) -> Address {
    let host = host.to_owned();
    Address::Tcp { host, port }
}

fn claim(host: &str, port: u16, epoch: Option<u64>) -> Answer {
    let address = address(host, port);
    Answer::Primary(Primary { address, epoch })
}

const PRIMARY: [&str; 8] = [
    "ip",
    "10.0.0.1",
    "port",
    "6379",
    "flags",
    "master",
    "config-epoch",
    "7",
];

#[test]
fn r13_lists_and_maps_mean_the_same() {
    let address = || Ok(list(&["10.0.0.1", "6379"]));
    for primary in [list(&PRIMARY), map(&PRIMARY)] {
        assert_eq!(
            answer(address(), Ok(primary)),
            claim("10.0.0.1", 6379, Some(7))
        );
    }
}

#[test]
fn r13_a_sentinel_that_leads_a_fail_over_gives_the_new_address() {
    let address = Ok(list(&["10.0.0.2", "6380"]));
    let leads = answer(address, Ok(list(&PRIMARY)));
    assert_eq!(leads, claim("10.0.0.2", 6380, Some(7)));
}

#[test]
fn r13_one_of_the_two_answers_is_enough() {
    let address = Ok(list(&["10.0.0.1", "6379"]));
    let no_epoch = answer(address, refusal("NOPERM no"));
    assert_eq!(no_epoch, claim("10.0.0.1", 6379, None));
    let no_address = answer(refusal("NOPERM no"), Ok(list(&PRIMARY)));
    assert_eq!(no_address, claim("10.0.0.1", 6379, Some(7)));
}

#[test]
fn r13_an_unknown_service_is_told_from_a_refusal() {
    let unknown = || refusal("ERR No such master with that name");
    assert_eq!(answer(Ok(Value::Nil), unknown()), Answer::UnknownService);
    let refused = || refusal("NOPERM no permissions");
    assert_eq!(answer(refused(), unknown()), Answer::UnknownService);
    let Answer::Refused(why) = answer(refused(), refused()) else {
        panic!("not refused");
    };
    assert_eq!(why, "NOPERM: the user lacks a permission, see `username`");
}

#[test]
fn r13_what_is_no_address_is_not_connected_to() {
    for (host, port) in [
        ("?", "6379"),
        ("", "6379"),
        ("10.0.0.1", "0"),
        ("10.0.0.1", "65536"),
        ("10.0.0.1", ""),
        ("0.0.0.0", "6379"),
        ("a b", "6379"),
        ("redis://u:p@h", "6379"),
    ] {
        let answered = answer(Ok(list(&[host, port])), Ok(list(&PRIMARY)));
        assert_eq!(answered, Answer::NoAddress, "{host}:{port}");
    }
    let half = answer(Ok(list(&["10.0.0.1"])), Ok(list(&PRIMARY)));
    assert_eq!(half, Answer::NoAddress);
}

#[test]
fn r13_peers_are_learned_unless_they_are_down() {
    let peer = |host, flags| {
        let words = ["name", "x", "ip", host, "port", "26379", "flags", flags];
        (list(&words), map(&words))
    };
    let all = [
        peer("10.0.0.1", "sentinel"),
        peer("10.0.0.2", "s_down,sentinel,disconnected"),
        peer("?", "sentinel"),
        peer("::1", "sentinel"),
    ];
    let (lists, maps): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let living = vec![address("10.0.0.1", 26379), address("::1", 26379)];
    assert_eq!(peers(&Value::Array(lists)), living);
    assert_eq!(peers(&Value::Array(maps)), living);
    assert_eq!(peers(&Value::Nil), []);
}

#[test]
fn r13_a_switch_of_another_service_is_not_ours() {
    let message = b"main 10.0.0.1 6379 10.0.0.2 6380";
    assert!(is_about("main", message));
    assert!(!is_about("ma", message));
    assert!(!is_about("main2", message));
    assert!(is_about("two words", b"two words a 1 10.0.0.2 6380"));
    for message in ["main", "main ", "main a 1 b", "main a 1 b 2 c"] {
        assert!(!is_about("main", message.as_bytes()), "{message}");
    }
}

/// Returns a reply of random shape, made of words that replies are made of.
fn any_reply(random: &mut fastrand::Rng, depth: usize) -> Value {
    let words = [
        "ip",
        "port",
        "flags",
        "config-epoch",
        "s_down",
        "10.0.0.1",
        "6379",
        "?",
        "",
        "-1",
        "99999999999999999999",
        "main",
        "\u{0}",
    ];
    let word = words[random.usize(..words.len())];
    let many = |random: &mut fastrand::Rng| {
        let count = random.usize(..6);
        (0..count)
            .map(|_| any_reply(random, depth + 1))
            .collect::<Vec<_>>()
    };
    let field = |random: &mut fastrand::Rng, name: &str, values: &[&str]| {
        let value = values[random.usize(..values.len())];
        [name, value].map(|word| Value::BulkString(word.into()))
    };
    match random.u8(..if depth < 4 { 11 } else { 7 }) {
        0 => Value::Nil,
        1 => Value::Int(random.i64(..)),
        2 => Value::SimpleString(word.into()),
        3 => Value::Okay,
        4 => Value::BulkString((0..random.usize(..9)).map(|_| random.u8(..)).collect()),
        5 | 6 => Value::BulkString(word.into()),
        7 => Value::Map(many(random).into_iter().map(|v| (v.clone(), v)).collect()),
        8 => Value::Attribute {
            data: Box::new(any_reply(random, depth + 1)),
            attributes: Vec::new(),
        },
        9 => Value::Array(many(random)),
        _ => {
            let mut fields = vec![
                field(random, "ip", &["10.0.0.1", "::1", "?", ""]),
                field(random, "port", &["1", "6379", "0", "-1", "x"]),
                field(random, "flags", &["sentinel", "s_down", ""]),
            ];
            random.shuffle(&mut fields);
            let mut flat = fields.concat();
            flat.truncate(random.usize(4..8));
            Value::Array(flat)
        }
    }
}

#[test]
fn r13_no_reply_panics() {
    let mut random = fastrand::Rng::with_seed(13);
    let mut addresses = 0;
    for _ in 0..50_000 {
        let (one, two) = (any_reply(&mut random, 0), any_reply(&mut random, 0));
        let found = peers(&one);
        let is_usable = |peer: &Address| match peer {
            Address::Tcp { host, port } => !host.is_empty() && *port > 0,
            Address::Unix(_) => false,
        };
        assert!(found.iter().all(is_usable));
        addresses += found.len();
        let message: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
        is_about("main", &[b"main ", message.as_slice()].concat());
        drop(answer(Ok(one), Ok(two)));
    }
    // Otherwise the replies would be too wild to test much.
    assert!(addresses > 0);
}

#[test]
fn r8_a_sentinel_that_names_the_password_as_a_host_names_no_address() {
    let config = ComponentConfig::new("10.0.0.1").password("Emberiza-5kQ2");
    let guard = HostGuard::new(&config);
    for host in [
        "emberiza-5kq2",
        "x.Emberiza-5kQ2",
        "456d626572697a612d356b5132",
    ] {
        let primary = || Ok(list(&["ip", host, "port", "6379", "flags", "master"]));
        let address = Ok(list(&[host, "6379"]));
        assert_eq!(
            super::answer(address, primary(), &guard),
            Answer::HoldsPassword
        );
        let refused = refusal("NOPERM no");
        assert_eq!(
            super::answer(refused, primary(), &guard),
            Answer::HoldsPassword
        );
        let all = Value::Array(vec![primary().unwrap()]);
        assert_eq!(super::peers(&all, &guard), []);
        assert_eq!(peers(&all).len(), 1);
    }
}
