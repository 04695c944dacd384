//! Generated answers of nodes.

use fastrand::Rng;
use redis::Value;

use super::address::NodeAddress;
use super::hash_slot::SLOTS;
use super::redirect::{Refusal, refusal};
use super::slot_table::SlotTable;
use super::topology::View;
use crate::config::host_guard::HostGuard;
use crate::generated::{disturb, spoil, texts, with_each};

fn by() -> NodeAddress {
    NodeAddress {
        host: "h".into(),
        port: 7000,
    }
}

fn array(parts: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(parts.into_iter().collect())
}

fn text(word: &str) -> Value {
    Value::BulkString(word.into())
}

/// An answer to `CLUSTER SLOTS`.
fn slots(rng: &mut Rng) -> Value {
    let node = |port| array([text("127.0.0.1"), Value::Int(port), text("id"), texts(&[])]);
    let entries = (0..rng.i64(0..4)).map(|shard| {
        let nodes = [node(7000 + shard), node(7100 + shard)];
        let range = [Value::Int(shard * 4000), Value::Int(shard * 4000 + 3999)];
        array(range.into_iter().chain(nodes))
    });
    array(entries)
}

/// An answer to `CLUSTER SHARDS`.
fn shards(rng: &mut Rng) -> Value {
    let node = |port: i64, role: &str| {
        let fields = [
            ("id", text("id")),
            ("port", Value::Int(port)),
            ("ip", text("127.0.0.1")),
            ("endpoint", text("127.0.0.1")),
            ("role", text(role)),
            ("health", text("online")),
        ];
        array(
            fields
                .into_iter()
                .flat_map(|(name, value)| [text(name), value]),
        )
    };
    let entries = (0..rng.i64(0..4)).map(|shard| {
        let slots = [Value::Int(shard * 4000), Value::Int(shard * 4000 + 3999)];
        let nodes = [node(7000 + shard, "master"), node(7100 + shard, "replica")];
        array([text("slots"), array(slots), text("nodes"), array(nodes)])
    });
    array(entries)
}

#[test]
fn r11_no_generated_topology_does_harm() {
    let (mut used, mut refused) = (0, 0);
    with_each(|rng| {
        let is_slots = rng.bool();
        let mut answer = if is_slots { slots(rng) } else { shards(rng) };
        if rng.u8(..8) != 0 {
            disturb(rng, &mut answer);
        }
        let view = if is_slots {
            View::from_slots(&answer, &by())
        } else {
            View::from_shards(&answer, rng.bool(), &by())
        };
        let Some(view) = view else {
            refused += 1;
            return;
        };
        used += 1;
        assert!(
            (1..=usize::from(SLOTS)).contains(&view.covered()),
            "{view:?}"
        );
        let table = SlotTable::new(HostGuard::none());
        table.apply(&view, table.mark());
        for slot in [0, 3999, 8000, SLOTS - 1] {
            let address = table.owner(slot).map(|owner| table.address(owner));
            assert!(
                address.is_none_or(|address| address.is_some_and(|at| !at.host.is_empty())),
                "{view:?}"
            );
        }
    });
    assert!(used > 0 && refused > 0, "{used} used, {refused} refused");
}

#[test]
fn r11_no_generated_redirect_does_harm() {
    let (mut named, mut others) = (0, 0);
    with_each(|rng| {
        let code = ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"][rng.usize(..4)];
        let place = ["127.0.0.1:7001", "[::1]:7001", "h:0", ":7001", "?:7000"][rng.usize(..5)];
        let slot = [0, 3999, 16_384][rng.usize(..3)];
        let mut line = format!("-{code} {slot} {place}\r\n").into_bytes();
        spoil(rng, &mut line);
        let Ok(reply) = redis::parse_redis_value(&line) else {
            return;
        };
        match refusal(&reply, rng.bool(), &by()) {
            Some(Refusal::Moved(redirect) | Refusal::Ask(redirect)) => {
                named += 1;
                assert!(redirect.slot < SLOTS, "{redirect:?}");
                let is_used = |to: &NodeAddress| !to.host.is_empty() && to.port != 0;
                assert!(redirect.to.as_ref().is_none_or(is_used), "{redirect:?}");
            }
            Some(Refusal::Later) | None => others += 1,
        }
    });
    assert!(named > 0 && others > 0, "{named}, {others}");
}
