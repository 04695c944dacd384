//! Generated answers to reads of configs.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connection::Connection;
use super::control::control_key::ControlKey;
use super::pushes::Pushes;
use super::read_command::BOUNDS;
use super::reading::interpret;
use super::state::State;
use crate::config::generated::config;
use crate::error::text::is_printable;
use crate::generated::with_each;
use crate::transport::bounded::Bounded;
use crate::transport::generated::replies;

/// Over a real connection, with pushes, and through all that a real answer goes through.
#[test]
fn r11_no_generated_answer_harms_the_watch() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let control = ControlKey::new("config:redis:", "i");
    let pushes = Pushes::new(Arc::new(State::new("h:1".to_owned(), None, control)));
    let (mut configs, mut refused, mut failed) = (0, 0, 0);
    with_each(|rng| {
        let mut bytes = Vec::new();
        if rng.bool() {
            let value = config(rng);
            bytes.extend(format!("${}\r\n", value.len()).as_bytes());
            bytes.extend(value);
            bytes.extend(b"\r\n");
        }
        bytes.extend(replies(rng));
        let keys = ["a", "b"].into_iter().take(rng.usize(1..=2));
        let answers = runtime.block_on(async {
            let (stream, mut server) = tokio::io::duplex(1024 * 1024);
            tokio::spawn(async move {
                // The answer to HELLO, and those to the read.
                for answer in [b"%1\r\n+proto\r\n:3\r\n".to_vec(), bytes] {
                    if server.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {
                        let _ = server.write_all(&answer).await;
                    }
                }
            });
            let session = RedisConnectionInfo::default()
                .set_protocol(ProtocolVersion::RESP3)
                .set_skip_set_lib_name();
            let settings = AsyncConnectionConfig::new().set_push_sender(pushes.clone());
            let stream = Bounded::new(stream, BOUNDS);
            let taken = MultiplexedConnection::new_with_config(&session, stream, settings);
            let (connection, driver) = taken.await?;
            tokio::spawn(driver);
            Connection::around(connection).read(keys).await
        });
        let Ok(answers) = answers else {
            failed += 1;
            return;
        };
        for answer in answers {
            match interpret("h:1", "a", answer) {
                Ok(_) => configs += 1,
                Err(problem) => {
                    refused += 1;
                    assert!(is_printable(&problem.message), "{}", problem.message);
                    assert!(problem.message.len() < 2000, "{}", problem.message);
                }
            }
        }
    });
    assert!(
        configs > 0 && refused > 0 && failed > 0,
        "{configs}, {refused}, {failed}"
    );
}
