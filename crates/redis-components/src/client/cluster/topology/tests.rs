use redis::Value;

use super::View;
use crate::client::cluster::address::NodeAddress;

fn by() -> NodeAddress {
    NodeAddress {
        host: "answered".into(),
        port: 7000,
    }
}

fn parsed(reply: &str) -> Value {
    let reply: String = reply
        .split_whitespace()
        .map(|line| format!("{line}\r\n"))
        .collect();
    redis::parse_redis_value(reply.as_bytes()).unwrap()
}

fn shown(view: Option<View>) -> Option<Vec<String>> {
    let shown = |shard: &super::Shard| {
        let replicas: Vec<String> = shard.replicas.iter().map(ToString::to_string).collect();
        format!("{} {:?} {replicas:?}", shard.primary, shard.slots)
    };
    Some(view?.shards.iter().map(shown).collect())
}

fn slots(reply: &str) -> Option<Vec<String>> {
    shown(View::from_slots(&parsed(reply), &by()))
}

#[test]
fn r13_slots_name_primaries_and_replicas() {
    let view = slots(
        "*2 *4 :0 :99 *3 $1 a :7000 $1 x *3 $1 b :7001 $1 y \
            *3 :100 :16383 *3 $1 a :7000 $1 x",
    );
    assert_eq!(
        view,
        Some(vec![r#"a:7000 [0..=99, 100..=16383] ["b:7001"]"#.into()])
    );
}

#[test]
fn r13_an_endpoint_that_is_no_address_is_the_host_that_answered_or_left_out() {
    let one = |node: &str| slots(&format!("*1 *3 :0 :1 {node}"));
    assert_eq!(
        one("*3 $-1 :7001 $1 x"),
        Some(vec!["answered:7001 [0..=1] []".into()])
    );
    assert_eq!(
        one("*4 $1 ? :7001 $1 x *2 $2 ip $7 1.2.3.4"),
        Some(vec!["1.2.3.4:7001 [0..=1] []".into()])
    );
    assert_eq!(
        one("*4 $1 ? :7001 $1 x *2 $8 hostname $1 h"),
        Some(vec!["h:7001 [0..=1] []".into()])
    );
    assert_eq!(one("*3 $1 ? :7001 $1 x"), None);
    // A replica does not take the place of its primary.
    assert_eq!(
        slots("*1 *4 :0 :1 *3 $1 ? :7001 $1 x *3 $1 b :7002 $1 y"),
        None
    );
}

#[test]
fn r13_a_view_that_is_empty_or_wrong_is_refused() {
    for reply in [
        "*0",
        "$-1",
        "*1 *2 :0 :1",
        "*1 *3 :0 :16384 *2 $1 a :1",
        "*1 *3 :0 :1 $1 a",
        "+OK",
    ] {
        assert_eq!(slots(reply), None, "{reply}");
    }
}

/// Each node costs memory and time, and a node that lies may name any number of them.
#[test]
fn r11_a_view_that_no_cluster_has_is_refused() {
    let view = |nodes: u16| {
        let entries: Vec<_> = (0..nodes)
            .map(|node| format!("*3 :{node} :{node} *2 $1 a :{}", node + 1))
            .collect();
        slots(&format!("*{nodes} {}", entries.join(" ")))
    };
    assert!(view(4096).is_some());
    assert_eq!(view(4097), None);
    let all = "*3 :0 :16383 *2 $1 a :1 ";
    assert!(slots(&format!("*4 {}", all.repeat(4))).is_some());
    assert_eq!(slots(&format!("*5 {}", all.repeat(5))), None);
    let long = "h".repeat(256);
    assert_eq!(slots(&format!("*1 *3 :0 :1 *2 $256 {long} :1")), None);
}

#[test]
fn r13_shards_name_the_primary_that_serves() {
    let node = |role: &str, port: u16, health: &str, endpoint: &str| {
        format!(
            "*10 $4 port :{port} $8 endpoint ${} {endpoint} $4 role ${} {role} $6 health ${} {health} $8 tls-port :9",
            endpoint.len(),
            role.len(),
            health.len(),
        )
    };
    let reply = format!(
        "*2 *4 $5 slots *4 :0 :5 :7 :9 $5 nodes *3 {} {} {} *4 $5 slots *0 $5 nodes *1 {}",
        node("master", 1, "fail", "a"),
        node("master", 2, "online", "b"),
        node("replica", 3, "online", "c"),
        node("master", 4, "online", "d"),
    );
    let view = |is_tls| shown(View::from_shards(&parsed(&reply), is_tls, &by()));
    assert_eq!(
        view(false),
        Some(vec![r#"b:2 [0..=5, 7..=9] ["c:3"]"#.into()])
    );
    assert_eq!(
        view(true),
        Some(vec![r#"b:9 [0..=5, 7..=9] ["c:9"]"#.into()])
    );
}

#[test]
fn r13_only_slots_with_an_owner_are_covered() {
    let view = View::from_slots(
        &parsed("*2 *3 :0 :9 *2 $1 a :1 *3 :5 :16383 *2 $1 b :2"),
        &by(),
    );
    assert_eq!(view.map(|view| view.covered()), Some(16384));
    let view = View::from_slots(&parsed("*1 *3 :0 :9 *2 $1 a :1"), &by());
    assert_eq!(view.map(|view| view.covered()), Some(10));
}

/// Returns a value of any shape, with words that such answers are made of.
fn any(random: &mut fastrand::Rng, depth: u8) -> Value {
    const WORDS: [&str; 8] = [
        "slots", "nodes", "role", "master", "port", "endpoint", "?", "",
    ];
    match random.u8(..if depth == 0 { 4 } else { 6 }) {
        0 => Value::Nil,
        1 => Value::Int(random.i64(-2..20_000)),
        2 => Value::BulkString(random.choice(WORDS).unwrap_or("").into()),
        3 => Value::BulkString(vec![random.u8(..); random.usize(..3)]),
        4 => {
            let pair =
                |random: &mut fastrand::Rng| (any(random, depth - 1), any(random, depth - 1));
            Value::Map((0..random.usize(..4)).map(|_| pair(random)).collect())
        }
        _ => Value::Array(
            (0..random.usize(..6))
                .map(|_| any(random, depth - 1))
                .collect(),
        ),
    }
}

#[test]
fn r13_no_answer_makes_the_parsers_panic() {
    let mut random = fastrand::Rng::with_seed(13);
    for _ in 0..20_000 {
        let answer = any(&mut random, 5);
        let _ = View::from_slots(&answer, &by());
        let _ = View::from_shards(&answer, random.bool(), &by());
    }
}
