//! What a node says about the place of a slot: `MOVED` and `ASK`.

use redis::{ServerError, Value};

use super::address::NodeAddress;
use super::hash_slot::SLOTS;
use crate::transport::error_codes::{is_ended_by_demotion, refuses};

/// The node that owns a slot, or will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) slot: u16,
    /// `None` if the node that answered does not know the address.
    pub(crate) to: Option<NodeAddress>,
}

/// A reply that proves that a command was not executed, so that it may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The slot has another owner.
    Moved(Redirect),
    /// The slot is on its way, and this command alone goes to its next owner.
    Ask(Redirect),
    /// The node does not serve the slot for the moment.
    Later,
}

impl Refusal {
    /// Returns `true` if the slot has another owner.
    pub(crate) fn is_moved(&self) -> bool {
        matches!(self, Self::Moved(_))
    }
}

/// Returns the refusal that a reply is. `by` is the node that answered.
pub(crate) fn refusal(reply: &Value, is_script: bool, by: &NodeAddress) -> Option<Refusal> {
    let Value::ServerError(error) = reply else {
        return None;
    };
    if refuses(reply, is_script) || is_ended_by_demotion(reply) {
        Some(of_error(error, by))
    } else {
        None
    }
}

/// Returns the refusal that an error is, which has a code of one.
pub(super) fn of_error(error: &ServerError, by: &NodeAddress) -> Refusal {
    let place = || parse(error.details().unwrap_or_default(), by);
    match error.code() {
        "MOVED" => place().map_or(Refusal::Later, Refusal::Moved),
        "ASK" => place().map_or(Refusal::Later, Refusal::Ask),
        _ => Refusal::Later,
    }
}

/// Reads `3999 127.0.0.1:6381`. A host may be an IPv6 address without brackets.
fn parse(details: &str, by: &NodeAddress) -> Option<Redirect> {
    let mut words = details.split_ascii_whitespace();
    let slot: u16 = words.next()?.parse().ok().filter(|slot| *slot < SLOTS)?;
    let (host, port) = words.next()?.rsplit_once(':')?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let port = port.parse().ok()?;
    Some(Redirect {
        slot,
        to: NodeAddress::announced(host, port, by),
    })
}

#[cfg(test)]
mod tests {
    use super::{Redirect, Refusal, parse, refusal};
    use crate::client::cluster::address::NodeAddress;

    fn by() -> NodeAddress {
        NodeAddress {
            host: "answered".into(),
            port: 7000,
        }
    }

    fn to(details: &str) -> Option<String> {
        let redirect = parse(details, &by())?;
        Some(
            redirect
                .to
                .map_or("nobody knows".into(), |to| to.to_string()),
        )
    }

    #[test]
    fn r13_a_redirect_names_a_node_or_says_that_nobody_knows_it() {
        for (details, node) in [
            ("3999 127.0.0.1:6381", "127.0.0.1:6381"),
            ("1 ::1:7000", "[::1]:7000"),
            ("1 [::1]:7000", "[::1]:7000"),
            ("1 :7000", "answered:7000"),
            ("1 ?:7000", "nobody knows"),
        ] {
            assert_eq!(to(details).as_deref(), Some(node), "{details}");
        }
        for wrong in [
            "",
            "1",
            "x h:1",
            "16384 h:1",
            "1 h",
            "1 h:x",
            "1 h:99999",
            "-1 h:1",
        ] {
            assert_eq!(to(wrong), None, "{wrong}");
        }
    }

    fn refused(reply: &str, is_script: bool) -> Option<Refusal> {
        let reply = redis::parse_redis_value(reply.as_bytes()).unwrap();
        refusal(&reply, is_script, &by())
    }

    #[test]
    fn r4_only_an_answer_that_proves_that_nothing_ran_is_a_refusal() {
        let to = |port| Redirect {
            slot: 1,
            to: Some(NodeAddress {
                host: "h".into(),
                port,
            }),
        };
        for is_script in [false, true] {
            assert_eq!(
                refused("-MOVED 1 h:7\r\n", is_script),
                Some(Refusal::Moved(to(7)))
            );
            assert_eq!(
                refused("-ASK 1 h:8\r\n", is_script),
                Some(Refusal::Ask(to(8)))
            );
            assert_eq!(refused("-TRYAGAIN x\r\n", is_script), Some(Refusal::Later));
            assert_eq!(refused("-MOVED x\r\n", is_script), Some(Refusal::Later));
            for executed in [
                "-ERR x\r\n",
                "-WRONGTYPE x\r\n",
                "-BUSY x\r\n",
                "+OK\r\n",
                "-CROSSSLOT x\r\n",
            ] {
                assert_eq!(refused(executed, is_script), None, "{executed}");
            }
        }
        assert_eq!(refused("-READONLY x\r\n", false), Some(Refusal::Later));
        assert_eq!(refused("-READONLY x\r\n", true), None);
    }

    #[test]
    fn r13_no_text_of_a_server_makes_a_redirect_panic() {
        const CHARACTERS: [char; 12] = [
            '0', '1', '9', ' ', ':', '.', '[', ']', '?', '-', 'M', '\u{e4}',
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let text: String = (0..random.usize(..24))
                .map(|_| CHARACTERS[random.usize(..CHARACTERS.len())])
                .collect();
            let _ = parse(&text, &by());
            let reply = redis::parse_redis_value(format!("-MOVED {text}\r\n").as_bytes());
            assert!(
                reply.is_ok_and(|reply| refusal(&reply, false, &by()).is_some()),
                "{text}"
            );
        }
    }
}
