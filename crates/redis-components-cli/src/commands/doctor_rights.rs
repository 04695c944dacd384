//! What `doctor` finds in the rights of an operator.

use redis_components::receipts::{FLEET_KEY, KEY_PREFIX};

use crate::examined::{Check, State};
use crate::failure::Failure;
use crate::moving::records::lease;
use crate::rights::{NOBODY, command, missing};
use crate::session::Session;

/// Tries the commands of an operator on keys that are not there: none changes anything.
pub(super) async fn of_an_operator(session: &Session) -> Result<Check, Failure> {
    let key = format!("{}{NOBODY}", session.names.prefix);
    let history = session.names.history(NOBODY);
    let receipt = format!("{KEY_PREFIX}{NOBODY}");
    let commands = [
        ("getrange", command(&["GETRANGE", &key, "0", "0"])),
        ("exists", command(&["EXISTS", &key])),
        ("scan", command(&["SCAN", "0", "COUNT", "1"])),
        ("type", command(&["TYPE", &history])),
        (
            "xrange",
            command(&["XRANGE", &history, "-", "+", "COUNT", "1"]),
        ),
        (
            "xrevrange",
            command(&["XREVRANGE", &history, "+", "-", "COUNT", "1"]),
        ),
        ("xinfo|stream", command(&["XINFO", "STREAM", &history])),
        ("client|tracking", command(&["CLIENT", "TRACKING", "OFF"])),
        ("hgetall", command(&["HGETALL", &receipt])),
        ("hmget", command(&["HMGET", &receipt, "@"])),
        ("zrange", command(&["ZRANGE", FLEET_KEY, "0", "0"])),
        ("client|id", command(&["CLIENT", "ID"])),
        // Of few clients.
        (
            "client|list",
            command(&["CLIENT", "LIST", "TYPE", "pubsub"]),
        ),
        ("ping", command(&["PING"])),
        ("watch", command(&["WATCH", &key, &history])),
        ("set", command(&["SET", &key, "", "XX"])),
        (
            "xadd",
            command(&["XADD", &history, "NOMKSTREAM", "1-0", "config", ""]),
        ),
        ("multi", command(&["MULTI"])),
        ("exec", command(&["EXEC"])),
    ];
    let missing = missing(session, &commands).await?;
    Ok(if missing.is_empty() {
        Check::ok("rights", "all that an operator needs")
    } else {
        let advice = "docs/operations.md lists the rights that an operator needs";
        Check::ok("rights", listed(&missing)).but(State::Problem, advice)
    })
}

/// Tries in the same way what `move` and `set --prepare` need besides.
pub(super) async fn of_a_move(session: &Session) -> Result<Check, Failure> {
    let (record, lease) = (session.names.record(NOBODY), lease::key(NOBODY));
    let commands = [
        ("getrange", command(&["GETRANGE", &record, "0", "0"])),
        ("set", command(&["SET", &record, "", "XX"])),
        ("del", command(&["DEL", &record])),
        ("unwatch", command(&["UNWATCH"])),
        ("eval", command(&["EVAL", "return 1", "1", &lease])),
        // These are for the scripts.
        ("get", command(&["GET", &lease])),
        ("set", command(&["SET", &lease, "", "XX"])),
        ("pexpire", command(&["PEXPIRE", &lease, "1"])),
        ("del", command(&["DEL", &lease])),
    ];
    let name = "rights to move";
    let missing = missing(session, &commands).await?;
    Ok(if missing.is_empty() {
        Check::ok(name, "all that `move` and `set --prepare` need")
    } else {
        let advice = "`move` and `set --prepare` need these; docs/operations.md lists them";
        Check::ok(name, listed(&missing)).but(State::Warning, advice)
    })
}

fn listed(missing: &[String]) -> String {
    format!("missing: {}", missing.join(", "))
}
