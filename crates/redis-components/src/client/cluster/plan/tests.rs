use std::collections::HashMap;

use redis::{Cmd, Value};

use super::{Goal, Plan};
use crate::client::cluster::hash_slot::hash_slot;
use crate::client::cluster::node_number::NodeNumber;
use crate::client::cluster::order::may_go_again;

fn command(line: &str) -> Cmd {
    let mut command = Cmd::new();
    for word in line.split(' ') {
        command.arg(word);
    }
    command
}

fn commands(lines: &[&str]) -> Vec<Cmd> {
    lines.iter().map(|line| command(line)).collect()
}

fn again(lines: &[&str], refused: &[bool]) -> Vec<bool> {
    let commands = commands(lines);
    let plan = Plan::of(&commands, || (0..2).filter_map(NodeNumber::first).collect()).unwrap();
    assert_eq!(plan.pieces.len(), refused.len());
    may_go_again(plan.pieces.iter().zip(refused.iter().copied()))
}

#[test]
fn r4_a_refused_command_is_sent_again_unless_a_later_one_of_its_keys_was_executed() {
    let same = ["SET {a}1 x", "INCR b", "APPEND {a}1 y"];
    assert_eq!(again(&same, &[true, false, true]), [true, false, true]);
    assert_eq!(again(&same, &[true, false, false]), [false, false, false]);
    assert_eq!(again(&same, &[false, true, true]), [false, true, true]);
    let others = ["INCR {a}1", "INCR {a}2", "DEL {a}3 {a}4"];
    assert_eq!(again(&others, &[true, true, false]), [true, true, false]);
    assert_eq!(again(&others, &[true, false, true]), [true, false, true]);
    let several = ["RENAME {a}1 {a}2", "SUNIONSTORE {a}3 {a}2 {a}4"];
    assert_eq!(again(&several, &[true, false]), [false, false]);
}

#[test]
fn r4_a_script_may_use_keys_that_it_does_not_name() {
    let later = ["INCR {a}1", "EVAL return 1 {a}2", "INCR b"];
    assert_eq!(again(&later, &[true, false, false]), [false, false, false]);
    let earlier = ["EVALSHA x 1 {a}2", "INCR {a}1", "INCR b"];
    assert_eq!(
        again(&earlier, &[true, false, false]),
        [false, false, false]
    );
    assert_eq!(again(&earlier, &[true, true, false]), [true, true, false]);
}

#[test]
fn r4_a_command_that_stays_refused_is_not_overtaken() {
    let lines = ["SET a 1", "SET a 2", "GET a"];
    assert_eq!(again(&lines, &[true, true, false]), [false, false, false]);
}

#[test]
fn r4_commands_for_all_nodes_keep_their_place() {
    // FLUSHALL goes to two nodes.
    let lines = ["SET a 1", "FLUSHALL"];
    assert_eq!(again(&lines, &[true, false, false]), [false, false, false]);
    assert_eq!(again(&lines, &[true, true, true]), [true, true, true]);
    // Its own pieces do not overtake each other.
    assert_eq!(again(&["FLUSHALL"], &[true, false]), [true, false]);
}

#[test]
fn r13_what_needs_a_session_or_one_node_fails_before_anything_is_sent() {
    for line in ["MULTI", "EXEC", "UNWATCH", "SCAN 0", "INFO"] {
        let commands = commands(&["SET a 1", line]);
        assert!(Plan::of(&commands, Vec::new).is_err(), "{line}");
    }
}

/// A cluster in which each slot has its own node, which keeps the values of its keys.
#[derive(Default)]
struct Model(HashMap<Vec<u8>, i64>);

impl Model {
    fn execute(&mut self, command: &Cmd, slot: Option<u16>) -> Value {
        let words: Vec<Vec<u8>> = super::words(command).map(<[u8]>::to_vec).collect();
        if let Some(slot) = slot {
            assert!(
                words[1..].iter().all(|key| hash_slot(key) == slot),
                "keys of another slot"
            );
        }
        match words[0].as_slice() {
            b"INCR" => {
                let value = self.0.entry(words[1].clone()).or_default();
                *value += 1;
                Value::Int(*value)
            }
            b"MGET" => {
                let value = |key| {
                    self.0
                        .get(key)
                        .map_or(Value::Nil, |value| Value::Int(*value))
                };
                Value::Array(words[1..].iter().map(value).collect())
            }
            b"DEL" => {
                let removed = words[1..]
                    .iter()
                    .filter(|key| self.0.remove(*key).is_some())
                    .count();
                Value::Int(i64::try_from(removed).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn r13_split_and_merged_pipelines_answer_as_one_server_does() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2_000 {
        let pipeline: Vec<Cmd> = (0..random.usize(1..12))
            .map(|_| {
                let mut key = || format!("k{}", random.u8(..6));
                let one = key();
                let many: Vec<String> = std::iter::once(one.clone())
                    .chain((0..3).map(|_| key()))
                    .collect();
                match random.u8(..3) {
                    0 => command(&format!("INCR {one}")),
                    1 => command(&format!("MGET {}", many.join(" "))),
                    _ => command(&format!("DEL {one} {}x", many.join("y "))),
                }
            })
            .collect();
        let mut whole = Model::default();
        let expected: Vec<Value> = pipeline
            .iter()
            .map(|command| whole.execute(command, None))
            .collect();
        let plan = Plan::of(&pipeline, Vec::new).unwrap();
        let mut cluster = Model::default();
        // Nodes execute in any order among each other, and each its own in order.
        let mut replies = vec![Value::Nil; plan.pieces.len()];
        let mut slots: Vec<u16> = plan
            .pieces
            .iter()
            .map(|piece| slot_of(piece.goal))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        random.shuffle(&mut slots);
        for slot in slots {
            for (number, piece) in plan.pieces.iter().enumerate() {
                if slot_of(piece.goal) == slot {
                    replies[number] = cluster.execute(&piece.command, Some(slot));
                }
            }
        }
        assert_eq!(plan.merge(replies), expected, "seed {seed}: {pipeline:?}");
    }
}

fn slot_of(goal: Goal) -> u16 {
    match goal {
        Goal::Slot(slot) => slot,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r4_whatever_is_refused_no_command_overtakes_another_of_its_key() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..5_000 {
        let pipeline: Vec<Cmd> = (0..random.usize(1..12))
            .map(|_| command(&format!("INCR {{{}}}{}", random.u8(..3), random.u8(..3))))
            .collect();
        let plan = Plan::of(&pipeline, Vec::new).unwrap();
        let mut left: Vec<usize> = (0..plan.pieces.len()).collect();
        let mut executed: Vec<usize> = Vec::new();
        while !left.is_empty() {
            let refused: Vec<bool> = left.iter().map(|_| random.bool()).collect();
            let sent = left
                .iter()
                .map(|number| &plan.pieces[*number])
                .zip(refused.iter().copied());
            let again = may_go_again(sent);
            let round = left.iter().zip(&refused);
            executed.extend(
                round
                    .filter(|(_, refused)| !**refused)
                    .map(|(number, _)| *number),
            );
            left = left
                .iter()
                .zip(&again)
                .filter(|(_, again)| **again)
                .map(|(number, _)| *number)
                .collect();
        }
        for (place, number) in executed.iter().enumerate() {
            for later in &executed[place + 1..] {
                let packed = |number: usize| plan.pieces[number].command.get_packed_command();
                let same = packed(*number) == packed(*later);
                assert!(!same || number < later, "seed {seed}: {executed:?}");
            }
        }
    }
}
