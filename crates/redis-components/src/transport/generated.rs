//! Generated replies.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use redis::Parser;

use super::handshake::{Handshake, Progress};
use super::node::Node;
use super::reply_bounds::ReplyBounds;
use super::reply_scan::Replies;
use crate::config::ComponentConfig;
use crate::error::text::is_printable;
use crate::generated::{spoil, with_each};

const PASSWORD: &str = "S3cretZ";

const LINES: [&str; 16] = [
    "+OK\r\n",
    "+PONG\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "-NOAUTH Authentication required.\r\n",
    "-WRONGPASS invalid S3cretZ\r\n",
    "-ERR wrong number of arguments for 'auth' command\r\n",
    "-ERR AUTH <password> called without any password configured for the default user.\r\n",
    "-ERR Client sent AUTH, but no password is set\r\n",
    "-ERR unknown command 'AUTH', with args beginning with: 'u' 'S3cretZ'\r\n",
    "-ERR max number of clients reached\r\n",
    "-S3cretZ\r\n",
    "-LOADING S3cretZ\r\n",
    "-\r\n",
    "HTTP/1.1 400 Bad Request\r\n",
    "_\r\n#t\r\n,1.5\r\n(123\r\n",
];

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "2",
    "3",
    "100",
    "65537",
    "4294967296",
    "1099511627776",
    "9223372036854775807",
    "9223372036854775808",
    "-1",
    "-2",
    "",
    "+1",
];

/// Returns bytes that are more or less replies.
pub(crate) fn replies(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..rng.usize(..6) {
        reply(rng, &mut bytes, 0);
    }
    match rng.u8(..30) {
        0 => bytes.extend(b"*1\r\n".repeat(rng.usize(..2000))),
        1 => bytes.extend(b"*4096\r\n".repeat(rng.usize(..200))),
        2 => {
            bytes.push(b"+-$*:"[rng.usize(..5)]);
            bytes.resize(bytes.len() + rng.usize(..200_000), b'1');
        }
        _ => {}
    }
    spoil(rng, &mut bytes);
    bytes
}

fn reply(rng: &mut Rng, bytes: &mut Vec<u8>, depth: usize) {
    let kind = b"$!=*~>%|"[rng.usize(..8)];
    match rng.u8(..10) {
        0..4 => bytes.extend(LINES[rng.usize(..LINES.len())].as_bytes()),
        4 => {
            bytes.push(kind);
            bytes.extend(NUMBERS[rng.usize(..NUMBERS.len())].as_bytes());
            bytes.extend(b"\r\n");
        }
        5..7 if depth < 5 => {
            let count = rng.usize(..4);
            bytes.extend(format!("{}{count}\r\n", char::from(kind)).as_bytes());
            for _ in 0..count {
                reply(rng, bytes, depth + 1);
            }
        }
        _ => {
            let length = rng.usize(..40);
            bytes.extend(format!("${length}\r\n").as_bytes());
            bytes.extend((0..length).map(|_| rng.u8(..)));
            bytes.extend(b"\r\n");
        }
    }
}

fn parts(mut bytes: &[u8], rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (part, rest) = bytes.split_at(rng.usize(1..=bytes.len().min(512)));
        parts.push(part.to_vec());
        bytes = rest;
    }
    parts
}

#[test]
fn r11_no_generated_reply_harms_a_handshake() {
    let config = || ComponentConfig::new("h");
    let nodes = [
        config(),
        config().password(PASSWORD),
        config().username("u").password(PASSWORD).db(3),
        config().username("u"),
    ]
    .map(|config| {
        pollster::block_on(Node::prepare(&config, &Arc::default(), Duration::MAX)).unwrap()
    });
    let (mut done, mut failed) = (0, 0);
    with_each(|rng| {
        let node = &nodes[rng.usize(..nodes.len())];
        let mut handshake = Handshake::new(node, [None, Some("n")][rng.usize(..2)], node.demand());
        let mut again = 0;
        let bytes = replies(rng);
        for part in parts(&bytes, rng).iter().chain([&Vec::new()]) {
            match handshake.receive(part) {
                Ok(Progress::Done) => {
                    done += 1;
                    return;
                }
                Ok(Progress::Read) => {}
                Ok(Progress::SendAgain) => again += 1,
                Err(failure) => {
                    failed += 1;
                    assert!(is_printable(&failure.message), "{failure:?}");
                    let shown = &failure.message;
                    let is_known = node.login().password.is_some();
                    assert!(!is_known || !shown.contains(PASSWORD), "{shown}");
                    assert!(failure.message.len() < 1000, "{}", failure.message);
                    return;
                }
            }
            assert!(again < 4, "{again} forms of login");
        }
        panic!("the end of the connection ends no handshake");
    });
    assert!(done > 0 && failed > 0, "{done} done, {failed} failed");
}

/// Bytes that are followed as they are read.
struct Followed<'a> {
    bytes: Cursor<&'a Vec<u8>>,
    replies: &'a mut Replies,
}

impl Read for Followed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.bytes.read(buffer)?;
        self.replies.follow(&buffer[..length])?;
        Ok(length)
    }
}

#[test]
fn r11_the_bounds_and_the_parser_see_the_same_replies() {
    with_each(|rng| {
        let bytes = replies(rng);
        let mut replies = Replies::new(ReplyBounds::strings(64 * 1024));
        let followed = parts(&bytes, rng)
            .iter()
            .try_for_each(|part| replies.follow(part));
        let mut parser = Parser::new();
        let mut read = Replies::new(ReplyBounds::strings(64 * 1024));
        let mut stream = Followed {
            bytes: Cursor::new(&bytes),
            replies: &mut read,
        };
        let mut parsed = 0;
        let end = loop {
            match parser.parse_value(&mut stream) {
                Ok(_) => parsed += 1,
                Err(error) => break error,
            }
        };
        if followed.is_ok() && end.is_connection_dropped() {
            assert_eq!(parsed, replies.complete(), "{}", bytes.escape_ascii());
        }
        assert!(parsed <= replies.complete(), "{}", bytes.escape_ascii());
    });
}
