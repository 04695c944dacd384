use std::sync::Arc;
use std::time::Duration;

use super::{Handshake, Progress};
use crate::config::ComponentConfig;
use crate::transport::demand::Demand;
use crate::transport::failure::Cause;
use crate::transport::node::Node;

fn node(config: &ComponentConfig) -> Arc<Node> {
    pollster::block_on(Node::prepare(config, &Arc::default(), Duration::MAX)).unwrap()
}

fn words(handshake: &Handshake<'_>) -> String {
    let request = String::from_utf8(handshake.request()).unwrap();
    let words = request
        .split("\r\n")
        .filter(|word| !word.starts_with(['*', '$']));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn r3_a_user_without_a_password_is_logged_in_as_that_user() {
    let node = node(&ComponentConfig::new("h").username("reader"));
    assert_eq!(
        words(&Handshake::new(&node, None, Demand::Nothing)),
        "AUTH reader  PING "
    );
}

#[test]
fn r3_an_error_that_is_not_about_logging_in_shows_that_the_server_lives() {
    let node = node(&ComponentConfig::new("h").db(2));
    for reply in [
        "+PONG",
        "-NOPERM no",
        "-MISCONF disk",
        "-ERR unknown command 'PING'",
    ] {
        let mut handshake = Handshake::new(&node, None, Demand::Nothing);
        let answer = format!("+OK\r\n{reply}\r\n");
        let (first, rest) = answer.split_at(3);
        assert_eq!(handshake.receive(first.as_bytes()).unwrap(), Progress::Read);
        assert_eq!(handshake.receive(rest.as_bytes()).unwrap(), Progress::Done);
    }
}

#[test]
fn r3_a_server_that_refuses_the_clients_name_is_used_all_the_same() {
    let node = node(&ComponentConfig::new("h").password("p"));
    let mut handshake = Handshake::new(&node, Some("logs"), Demand::Nothing);
    assert_eq!(words(&handshake), "AUTH p CLIENT SETNAME logs PING ");
    let answer = b"+OK\r\n-NOPERM no\r\n+PONG\r\n";
    assert_eq!(handshake.receive(answer).unwrap(), Progress::Done);
}

#[test]
fn r3_a_server_that_serves_nobody_is_not_used_yet() {
    let node = node(&ComponentConfig::new("h"));
    for reply in [
        "-LOADING x",
        "-BUSY x",
        "-MASTERDOWN x",
        "-ERR max number of clients reached",
    ] {
        let received =
            Handshake::new(&node, None, Demand::Nothing).receive(format!("{reply}\r\n").as_bytes());
        assert_eq!(received.unwrap_err().cause, Cause::Busy, "{reply}");
    }
}

#[test]
fn r10_a_server_at_its_limit_of_clients_answers_once_whatever_it_was_asked() {
    let node = node(&ComponentConfig::new("h").password("p").db(2));
    let answer = b"-ERR max number of clients reached\r\n";
    let failure = Handshake::new(&node, None, Demand::Nothing)
        .receive(answer)
        .unwrap_err();
    assert_eq!(failure.cause, Cause::Busy);
    assert!(failure.message.contains("max number of clients"));
}

#[test]
fn r5_a_server_in_protected_mode_is_refused_whatever_it_was_asked() {
    for config in [
        ComponentConfig::new("h"),
        ComponentConfig::new("h").password("p").db(2),
    ] {
        let node = node(&config);
        for name in [None, Some("logs")] {
            let received = Handshake::new(&node, name, Demand::Nothing).receive(b"-DENIED x\r\n");
            let failure = received.unwrap_err();
            assert_eq!(failure.cause, Cause::Refused);
            assert!(
                failure.message.contains("protected mode"),
                "{}",
                failure.message
            );
        }
    }
}

#[test]
fn r5_what_a_server_says_before_it_hangs_up_is_told() {
    let node = node(&ComponentConfig::new("h").db(2));
    let mut handshake = Handshake::new(&node, Some("logs"), Demand::Nothing);
    let said = handshake.receive(b"-ERR unknown upstream\r\n").unwrap();
    assert_eq!(said, Progress::Read);
    let failure = handshake.receive(b"").unwrap_err();
    assert_eq!(failure.cause, Cause::Refused);
    assert_eq!(failure.message, "ERR: unknown upstream");
    // Nothing is wrong with what it has answered.
    let mut handshake = Handshake::new(&node, Some("logs"), Demand::Nothing);
    assert_eq!(handshake.receive(b"+OK\r\n").unwrap(), Progress::Read);
    let failure = handshake.receive(b"").unwrap_err();
    assert_eq!(failure.cause, Cause::Unreachable);
}

#[test]
fn a_server_that_wants_another_form_of_login_gets_it() {
    let of = |node: &Node, answer: &str| {
        let mut handshake = Handshake::new(node, None, Demand::Nothing);
        let progress = handshake.receive(answer.as_bytes()).unwrap();
        assert_eq!(progress, Progress::SendAgain);
        words(&handshake)
    };
    let user = node(&ComponentConfig::new("h").username("u").password("p"));
    let old = "-ERR wrong number of arguments for 'auth' command\r\n+PONG\r\n";
    assert_eq!(of(&user, old), "AUTH p PING ");
    let password = node(&ComponentConfig::new("h").password("p"));
    let unset = "-ERR AUTH <password> called without any password configured for the default user. Are you sure?\r\n+PONG\r\n";
    assert_eq!(of(&password, unset), "AUTH default p PING ");
    let unset_before_6 = "-ERR Client sent AUTH, but no password is set\r\n+PONG\r\n";
    assert_eq!(of(&password, unset_before_6), "PING ");
}

#[test]
fn r8_a_server_that_repeats_the_password_is_not_quoted() {
    let node = node(&ComponentConfig::new("h").username("u").password("S3cretZ"));
    let answer = b"-WRONGPASS invalid pair u S3cretZ\r\n-NOAUTH x\r\n";
    let failure = Handshake::new(&node, None, Demand::Nothing)
        .receive(answer)
        .unwrap_err();
    assert_eq!(failure.cause, Cause::Refused);
    assert!(!format!("{failure:?}").contains("S3cretZ"), "{failure:?}");
    assert_eq!(
        failure.message,
        "WRONGPASS: check `username` and `password`"
    );
}

#[test]
fn r8_a_server_that_repeats_the_password_in_another_spelling_is_not_quoted() {
    let node = node(&ComponentConfig::new("h").password("S3cretZ é"));
    for said in [
        "WRONGPASS s3cretz É",
        "S3CRETZ x",
        "ERR no user 533363726574 here",
        "ERR no user dTpTM2NyZXRaIMOp",
        "ERR /S3cretZ%20%C3%A9",
        "ERR S3cret",
    ] {
        let answer = format!("-{said}\r\n-NOAUTH x\r\n");
        let received = Handshake::new(&node, None, Demand::Nothing).receive(answer.as_bytes());
        let failure = received.unwrap_err();
        let words = said.split_once(' ').unwrap();
        assert!(!failure.message.contains(words.1), "{said}: {failure:?}");
        assert!(!failure.message.contains("S3CRETZ"), "{said}: {failure:?}");
        assert!(failure.source.is_none(), "{said}");
    }
    // What repeats nothing is quoted: it may come from a proxy, and say what is wrong with it.
    let answer = b"-ERR upstream is down\r\n-NOAUTH x\r\n";
    let failure = Handshake::new(&node, None, Demand::Nothing)
        .receive(answer)
        .unwrap_err();
    assert_eq!(failure.message, "ERR: upstream is down");
}

#[test]
fn r8_a_server_that_repeats_the_password_later_or_cut_off_is_not_quoted() {
    let node = node(&ComponentConfig::new("h").password("S3cretZ".repeat(40)));
    let unset = b"-ERR Client sent AUTH, but no password is set\r\n+PONG\r\n";
    let mut handshake = Handshake::new(&node, None, Demand::Nothing);
    handshake.receive(unset).unwrap();
    let answer = format!("-LOADING {}\r\n", "S3cretZ".repeat(40));
    let failure = handshake.receive(answer.as_bytes()).unwrap_err();
    assert_eq!(failure.cause, Cause::Busy);
    assert!(!format!("{failure:?}").contains("S3cretZ"), "{failure:?}");
}

#[test]
fn r10_a_server_that_wants_another_form_of_login_each_time_is_given_up() {
    let node = node(&ComponentConfig::new("h").password("p"));
    let mut handshake = Handshake::new(&node, None, Demand::Nothing);
    let unset = "-ERR AUTH <password> called without any password configured for the default user.\r\n+PONG\r\n";
    let old = "-ERR wrong number of arguments for 'auth' command\r\n+PONG\r\n";
    for answer in [unset, old] {
        let progress = handshake.receive(answer.as_bytes()).unwrap();
        assert_eq!(progress, Progress::SendAgain);
    }
    let failure = handshake.receive(unset.as_bytes()).unwrap_err();
    assert_eq!(failure.cause, Cause::Refused);
}

#[test]
fn what_is_no_redis_server_is_refused() {
    let node = node(&ComponentConfig::new("h"));
    let received =
        Handshake::new(&node, None, Demand::Nothing).receive(b"HTTP/1.1 400 Bad Request\r\n");
    let failure = received.unwrap_err();
    assert_eq!(failure.cause, Cause::Refused);
    assert!(
        failure.message.contains("not a Redis server"),
        "{}",
        failure.message
    );
    let endless = Handshake::new(&node, None, Demand::Nothing)
        .receive(&[b"+".as_slice(), &[b'x'; 70_000]].concat());
    assert_eq!(endless.unwrap_err().cause, Cause::Refused);
}

#[test]
fn r5_a_server_that_tells_its_mode_is_asked_for_nothing_else() {
    let node = node(&ComponentConfig::new("h"));
    let hello = |mode: &str| format!("+PONG\r\n*4\r\n+mode\r\n+{mode}\r\n+role\r\n+master\r\n");
    for (demand, mode, is_used) in [
        (Demand::AllSlots, "standalone", true),
        (Demand::AllSlots, "sentinel", false),
        (Demand::Data, "sentinel", false),
        (Demand::Data, "cluster", true),
    ] {
        let mut handshake = Handshake::new(&node, None, demand);
        assert_eq!(words(&handshake), "PING HELLO ");
        let received = handshake.receive(hello(mode).as_bytes());
        assert_eq!(received.is_ok(), is_used, "{demand:?} {mode}");
        assert_eq!(handshake.is_of_cluster(), mode == "cluster");
    }
    // A server before version 6, or a proxy.
    let mut handshake = Handshake::new(&node, None, Demand::AllSlots);
    let answer = b"+PONG\r\n-ERR unknown command 'HELLO'\r\n";
    assert_eq!(handshake.receive(answer).unwrap(), Progress::Done);
}

#[test]
fn r5_a_node_of_a_cluster_is_used_if_there_is_no_other_primary_or_it_does_not_tell() {
    let node = node(&ComponentConfig::new("h"));
    for (answer, is_used) in [
        ("$30\r\ncluster_size:1\r\ncluster_x:12\r\n\r\n", true),
        ("$30\r\ncluster_x:1\r\ncluster_size:12\r\n\r\n", false),
        ("-NOPERM no\r\n", true),
    ] {
        let mut handshake = Handshake::new(&node, None, Demand::AllSlots);
        let hello = b"+PONG\r\n%2\r\n+mode\r\n+cluster\r\n+role\r\n+master\r\n";
        assert_eq!(handshake.receive(hello).unwrap(), Progress::SendAgain);
        assert_eq!(words(&handshake), "PING CLUSTER INFO ");
        let received = handshake.receive(format!("+PONG\r\n{answer}").as_bytes());
        assert_eq!(received.is_ok(), is_used, "{answer}");
    }
}
