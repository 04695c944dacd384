//! The place of the keys in a command, by its name. If the place is wrong, the server says so
//! before it executes the command, and a hop is lost.

use super::join::Join;
use crate::client::commands::option_of_streams;

/// The longest name in the table.
const LONGEST_NAME: usize = "PUNSUBSCRIBE".len();

/// How a command finds its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// By the word of this number, which is the first key. The name has number 0.
    Key(usize),
    /// By each of its words after the name. Keys of several slots are sent in as many commands.
    EveryKey(Join),
    /// Any node answers.
    Anywhere,
    /// All primaries answer.
    Everywhere(Join),
    /// It belongs to the session of a connection, and goes where the session is.
    Session,
    /// There is no node that could answer for the component. The text says what to do.
    Nowhere(&'static str),
}

const ONE_NODE: &str = "it is about one node, and a cluster has several; ask that node itself";
const ONE_CONNECTION: &str =
    "it is about one connection, and a cluster has one for each node; leave it out";
const NO_KEY: &str =
    "it names no key, and nothing else says which node should answer; give it a key";
const CURSOR: &str = "its cursor belongs to one node, and a cluster has several; use `KEYS`, or a set or sorted \
                      set of the keys";
const PUBSUB: &str = "each node counts its own subscribers; ask each node itself";
const SUBSCRIBES: &str =
    "a connection for commands does not subscribe; take a `redis_components::Subscriber`";

/// Returns the place of the keys of a command, which begins with its name.
pub(super) fn place<'a>(words: impl Clone + Iterator<Item = &'a [u8]>) -> Place {
    let mut arguments = words;
    let Some(name) = arguments.next() else {
        return Place::Nowhere("it has no name");
    };
    let mut upper = [0; LONGEST_NAME];
    let Some(upper) = upper.get_mut(..name.len()) else {
        // A longer name is not in the table.
        return first(arguments);
    };
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    match &*upper {
        b"MGET" => Place::EveryKey(Join::InOrder),
        b"DEL" | b"UNLINK" | b"EXISTS" | b"TOUCH" => Place::EveryKey(Join::Sum),
        b"EVAL" | b"EVALSHA" | b"EVAL_RO" | b"EVALSHA_RO" | b"FCALL" | b"FCALL_RO" | b"BLMPOP"
        | b"BZMPOP" => after_count(arguments, 2),
        b"LMPOP" | b"SINTERCARD" | b"ZDIFF" | b"ZINTER" | b"ZINTERCARD" | b"ZMPOP" | b"ZUNION" => {
            after_count(arguments, 1)
        }
        b"XREAD" | b"XREADGROUP" => after_streams(arguments),
        b"BITOP" | b"PFDEBUG" => second(arguments),
        b"XGROUP" | b"XINFO" | b"OBJECT" => second_or_anywhere(arguments),
        b"MEMORY" if is(arguments.next(), "USAGE") => second_of(arguments),
        b"MIGRATE" => migrated(arguments),
        b"PING" | b"FLUSHALL" | b"FLUSHDB" => Place::Everywhere(Join::First),
        b"DBSIZE" => Place::Everywhere(Join::Sum),
        b"KEYS" => Place::Everywhere(Join::Concatenate),
        b"WAIT" => Place::Everywhere(Join::Least),
        b"RANDOMKEY" => Place::Everywhere(Join::FirstNotNil),
        b"SCRIPT" => script(arguments),
        b"FUNCTION" => function(arguments),
        b"ECHO" | b"TIME" | b"PUBLISH" | b"COMMAND" | b"LOLWUT" => Place::Anywhere,
        b"CLUSTER" if asks_cluster(arguments.clone()) => Place::Anywhere,
        b"ACL" if asks_acl(arguments.clone()) => Place::Anywhere,
        b"MULTI" | b"EXEC" | b"DISCARD" | b"UNWATCH" => Place::Session,
        b"SCAN" => Place::Nowhere(CURSOR),
        b"PUBSUB" => Place::Nowhere(PUBSUB),
        b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE"
        | b"SUNSUBSCRIBE" => Place::Nowhere(SUBSCRIBES),
        b"AUTH" | b"SELECT" | b"HELLO" | b"RESET" | b"QUIT" | b"MONITOR" | b"CLIENT"
        | b"READONLY" | b"READWRITE" | b"ASKING" => Place::Nowhere(ONE_CONNECTION),
        b"INFO" | b"CONFIG" | b"DEBUG" | b"MEMORY" | b"LATENCY" | b"SLOWLOG" | b"MODULE"
        | b"CLUSTER" | b"ACL" | b"ROLE" | b"SAVE" | b"BGSAVE" | b"BGREWRITEAOF" | b"LASTSAVE"
        | b"SHUTDOWN" | b"REPLICAOF" | b"SLAVEOF" | b"FAILOVER" | b"SWAPDB" | b"SYNC"
        | b"PSYNC" | b"REPLCONF" | b"PFSELFTEST" | b"WAITAOF" => Place::Nowhere(ONE_NODE),
        _ => first(arguments),
    }
}

/// The first argument is the first key.
fn first<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    match arguments.next() {
        Some(_) => Place::Key(1),
        None => Place::Nowhere(NO_KEY),
    }
}

/// The second argument is the first key.
fn second<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    match arguments.nth(1) {
        Some(_) => Place::Key(2),
        None => Place::Nowhere(NO_KEY),
    }
}

/// As [`second`], behind a first argument that was read.
fn second_of<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    match arguments.next() {
        Some(_) => Place::Key(2),
        None => Place::Nowhere(NO_KEY),
    }
}

/// As [`second`]. Without a second argument it is a subcommand such as `HELP`.
fn second_or_anywhere<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    arguments.nth(1).map_or(Place::Anywhere, |_| Place::Key(2))
}

/// The keys stand behind their count, which is the argument of this number. A script or command
/// without keys runs on any node.
fn after_count<'a>(mut arguments: impl Iterator<Item = &'a [u8]>, number: usize) -> Place {
    match (arguments.nth(number - 1), arguments.next()) {
        (Some(count), Some(_)) if count != b"0" => Place::Key(number + 1),
        _ => Place::Anywhere,
    }
}

/// The keys stand behind `STREAMS`.
fn after_streams<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    let streams = option_of_streams(arguments.by_ref(), "STREAMS");
    // An option without keys is a mistake that every server reports.
    let streams = streams.filter(|_| arguments.next().is_some());
    streams.map_or(Place::Anywhere, |number| Place::Key(number + 2))
}

/// `MIGRATE host port key …`, or with an empty key and `KEYS key …` at the end.
fn migrated<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    match arguments.nth(2) {
        Some(b"") => {
            let keys = arguments.position(|word| word.eq_ignore_ascii_case(b"KEYS"));
            // Behind the name and three arguments.
            keys.map_or(Place::Nowhere(NO_KEY), |number| Place::Key(number + 5))
        }
        Some(_) => Place::Key(3),
        None => Place::Nowhere(NO_KEY),
    }
}

fn script<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    let subcommand = arguments.next();
    if is(subcommand, "LOAD") || is(subcommand, "FLUSH") {
        Place::Everywhere(Join::First)
    } else if is(subcommand, "EXISTS") {
        Place::Everywhere(Join::And)
    } else if is(subcommand, "HELP") {
        Place::Anywhere
    } else {
        Place::Nowhere(ONE_NODE)
    }
}

fn function<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> Place {
    let subcommand = arguments.next();
    let is_one_of = |names: &[&str]| names.iter().any(|name| is(subcommand, name));
    if is_one_of(&["LOAD", "DELETE", "FLUSH", "RESTORE"]) {
        Place::Everywhere(Join::First)
    } else if is_one_of(&["LIST", "DUMP", "HELP"]) {
        Place::Anywhere
    } else {
        Place::Nowhere(ONE_NODE)
    }
}

/// Returns `true` for a question that all nodes answer alike.
fn asks_cluster<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    let subcommand = arguments.next();
    ["INFO", "NODES", "SLOTS", "SHARDS", "KEYSLOT", "HELP"]
        .iter()
        .any(|name| is(subcommand, name))
}

/// Returns `true` for a question that all nodes answer alike.
fn asks_acl<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    let subcommand = arguments.next();
    [
        "WHOAMI", "CAT", "LIST", "USERS", "GETUSER", "GENPASS", "DRYRUN", "HELP",
    ]
    .iter()
    .any(|name| is(subcommand, name))
}

fn is(word: Option<&[u8]>, name: &str) -> bool {
    word.is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests;
