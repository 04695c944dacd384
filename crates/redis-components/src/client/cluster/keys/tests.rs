//! The table beside a real server's own, and what the server's table does not say.

use redis::Value;
use redis_components_testing::Server;

use super::{Place, place};
use crate::client::cluster::join::Join;

fn place_of(line: &str) -> Place {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    place(words.iter().copied())
}

#[test]
fn r13_keys_stand_behind_counts_subcommands_and_options() {
    for (line, number) in [
        ("get k", 1),
        ("EVAL return 1 k", 3),
        ("fcall f 2 a b", 3),
        ("ZUNION 2 a b", 2),
        ("BLMPOP 0 1 k LEFT", 3),
        ("XREAD COUNT 1 STREAMS s 0", 4),
        ("XREADGROUP GROUP streams streams STREAMS s >", 5),
        ("XREAD BLOCK 0 streams s $", 4),
        ("OBJECT ENCODING k", 2),
        ("xgroup CREATE s g $", 2),
        ("memory usage k", 2),
        ("BITOP AND d a b", 2),
        ("MIGRATE h 1 k 0 10", 3),
        ("JSON.GET k $", 1),
        ("SOME.VERY.LONG.COMMAND k", 1),
    ] {
        assert_eq!(place_of(line), Place::Key(number), "{line}");
    }
    let migrate = ["MIGRATE", "h", "1", "", "0", "10", "KEYS", "a", "b"];
    assert_eq!(
        place(migrate.iter().map(|word| word.as_bytes())),
        Place::Key(7)
    );
}

#[test]
fn r13_commands_without_keys_go_anywhere_everywhere_or_nowhere() {
    for line in [
        "EVAL return 0",
        "TIME",
        "PUBLISH c m",
        "XINFO HELP",
        "CLUSTER NODES",
        "acl whoami",
    ] {
        assert_eq!(place_of(line), Place::Anywhere, "{line}");
    }
    for line in ["PING", "FLUSHALL ASYNC", "SCRIPT LOAD x", "FUNCTION FLUSH"] {
        assert_eq!(place_of(line), Place::Everywhere(Join::First), "{line}");
    }
    for line in [
        "SCAN 0",
        "INFO",
        "CLIENT ID",
        "CLUSTER RESET",
        "GET",
        "UNKNOWN",
        "BITOP AND",
        "SSUBSCRIBE c",
        "PUNSUBSCRIBE",
        "BGREWRITEAOF",
        "MEMORY DOCTOR",
        "MEMORY USAGE",
        "SCRIPT KILL",
        "MIGRATE h 1",
    ] {
        assert!(
            matches!(place_of(line), Place::Nowhere(_)),
            "{line}: {:?}",
            place_of(line)
        );
    }
    assert!(matches!(place([].into_iter()), Place::Nowhere(_)));
}

/// A command of the server's own table, as far as the first key needs it.
struct Known {
    name: Vec<String>,
    first_spec: Option<Value>,
}

fn text(value: &Value) -> String {
    redis::from_redis_value(value.clone()).expect("text")
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) | Value::Set(values) => values,
        _ => &[],
    }
}

/// Looks a name up in an array of names and values.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let found = list(value)
        .chunks_exact(2)
        .find(|pair| text(&pair[0]) == name);
    &found.expect(name)[1]
}

fn number(value: &Value) -> i64 {
    redis::from_redis_value(value.clone()).expect("a number")
}

fn collect(entry: &Value, into: &mut Vec<Known>) {
    let parts = list(entry);
    into.push(Known {
        name: text(&parts[0]).split('|').map(str::to_owned).collect(),
        first_spec: list(&parts[8]).first().cloned(),
    });
    for subcommand in list(&parts[9]) {
        collect(subcommand, into);
    }
}

/// Returns a command of that form, and the number of its first key.
fn sample(known: &Known) -> (Vec<Vec<u8>>, Option<usize>) {
    let mut words: Vec<Vec<u8>> = known
        .name
        .iter()
        .map(|word| word.clone().into_bytes())
        .collect();
    // As many arguments as any command needs before its first key.
    words.resize(10, b"9".to_vec());
    let Some(spec) = &known.first_spec else {
        return (words, None);
    };
    let search = field(spec, "begin_search");
    let begin = field(search, "spec");
    let index = match text(field(search, "type")).as_str() {
        "index" => number(field(begin, "index")),
        "keyword" => {
            let place = number(field(begin, "startfrom"));
            words[usize::try_from(place).expect("forwards")] =
                text(field(begin, "keyword")).into_bytes();
            place + 1
        }
        other => panic!("unknown kind of search {other}"),
    };
    let find = field(spec, "find_keys");
    let keys = field(find, "spec");
    let first = match text(field(find, "type")).as_str() {
        "range" => index,
        "keynum" => {
            let count = index + number(field(keys, "keynumidx"));
            words[usize::try_from(count).expect("forwards")] = b"1".to_vec();
            index + number(field(keys, "firstkey"))
        }
        other => panic!("unknown way to find keys {other}"),
    };
    (words, usize::try_from(first).ok())
}

#[test]
fn r13_the_table_agrees_with_the_servers_own_about_all_commands() {
    let server = Server::start();
    let table: Value = redis::cmd("COMMAND")
        .query(&mut server.connection())
        .expect("COMMAND");
    let mut commands = Vec::new();
    for entry in list(&table) {
        collect(entry, &mut commands);
    }
    assert!(commands.len() > 300, "{}", commands.len());
    let mut wrong = Vec::new();
    for known in &commands {
        let (words, first) = sample(known);
        let ours = match place(words.iter().map(Vec::as_slice)) {
            Place::Key(number) => Some(number),
            Place::EveryKey(_) => Some(1),
            _ => None,
        };
        // Containers are commands by their subcommands.
        let is_container = matches!(known.name.as_slice(), [name] if
            commands.iter().any(|other| other.name.len() == 2 && other.name[0] == *name));
        // A subcommand `HELP` with arguments is a mistake that every server reports.
        let is_help = known.name.get(1).is_some_and(|word| word == "help");
        // Nothing subscribes on a connection for commands.
        let subscribes = known.name[0].ends_with("subscribe");
        if ours != first && !(is_container || is_help || subscribes) {
            wrong.push(format!(
                "{}: ours {ours:?}, the server's {first:?}",
                known.name.join(" ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
