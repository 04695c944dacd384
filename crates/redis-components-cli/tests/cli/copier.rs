//! A program that copies, as the tests of a copy run it: a test that is none.

use std::collections::HashMap;
use std::env::var;

use crate::common::BOUND;

/// What a key is, on its way.
type Dump = (Option<Vec<u8>>, i64);

/// Returns the command that copies. A fault is an assignment of `LEAVE_OUT` to a key, of `SPOIL` to a
/// command for the target, or of `ONLY` to all that is done.
pub(crate) fn copier(fault: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let fault = match fault.split_once('=') {
        Some((name, value)) => format!("{name}='{value}' "),
        None => String::new(),
    };
    let test = "copier::copies_the_data --exact --ignored --quiet";
    format!("{fault}'{}' {test}", program.display())
}

#[test]
#[ignore = "the tests of a copy run it as their program"]
fn copies_the_data() {
    let mut target = Target::of(&var("REDIS_COMPONENTS_TARGET_NODES").unwrap());
    if let Ok(only) = var("ONLY") {
        target.run(&only);
        return;
    }
    let left_out = var("LEAVE_OUT").unwrap_or_default();
    for node in var("REDIS_COMPONENTS_SOURCE_NODES").unwrap().split(',') {
        let mut source = connect(node);
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("COUNT").arg(500);
            let (next, keys): (u64, Vec<Vec<u8>>) = scan.query(&mut source).unwrap();
            let mut read = redis::pipe();
            for key in &keys {
                read.cmd("DUMP").arg(key).cmd("PTTL").arg(key);
            }
            let read: Vec<redis::Value> = match keys.as_slice() {
                [] => Vec::new(),
                _ => read.query(&mut source).unwrap(),
            };
            let values = read.chunks_exact(2).map(|pair| -> Dump {
                let [dump, time] = [0, 1].map(|part: usize| pair[part].clone());
                (
                    redis::from_redis_value(dump).unwrap(),
                    redis::from_redis_value(time).unwrap(),
                )
            });
            for (key, (dump, time)) in keys.iter().zip(values) {
                // One that has expired between DUMP and PTTL would be restored for ever, as with 0.
                let time = match time {
                    -2 => continue,
                    -1 => 0,
                    left => left.max(1),
                };
                if let Some(dump) = dump.filter(|_| key != left_out.as_bytes()) {
                    let mut restore = redis::cmd("RESTORE");
                    restore.arg(key).arg(time).arg(dump).arg("REPLACE");
                    target.send(&restore);
                }
            }
            if next == 0 {
                break;
            }
            cursor = next;
        }
    }
    if let Ok(spoil) = var("SPOIL") {
        target.run(&spoil);
    }
}

fn connect(node: &str) -> redis::Connection {
    let url = var("REDIS_COMPONENTS_SOURCE_URL").unwrap();
    let (_, db) = url.rsplit_once('/').unwrap();
    let client = redis::Client::open(format!("redis://{node}/{db}")).unwrap();
    client.get_connection_with_timeout(BOUND).unwrap()
}

/// A server, or the nodes of a cluster.
struct Target {
    nodes: HashMap<String, redis::Connection>,
    last: String,
}

impl Target {
    fn of(nodes: &str) -> Self {
        let nodes: HashMap<_, _> = nodes
            .split(',')
            .map(|node| (node.to_owned(), connect(node)))
            .collect();
        let last = nodes.keys().next().unwrap().clone();
        Self { nodes, last }
    }

    fn run(&mut self, words: &str) {
        let mut command = redis::Cmd::new();
        for word in words.split(' ') {
            command.arg(word);
        }
        self.send(&command);
    }

    /// Sends a command to the node that has its key.
    fn send(&mut self, command: &redis::Cmd) {
        let node = self.nodes.get_mut(&self.last).unwrap();
        let Err(error) = command.exec(node) else {
            return;
        };
        let (address, _) = error.redirect_node().unwrap_or_else(|| panic!("{error}"));
        self.last = address.to_owned();
        command
            .exec(self.nodes.get_mut(&self.last).unwrap())
            .unwrap();
    }
}
