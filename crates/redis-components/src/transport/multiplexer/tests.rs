//! The whole connection, over a stream in memory to a server that the tests play.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use futures_util::future::{FutureExt, join_all, select};
use redis::{RedisResult, Value, cmd, pipe};
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf,
    duplex, split,
};
use tokio::time::{sleep, timeout};

use super::connection::Multiplexer;
use super::driver::Driver;
use super::shared::Shared;
use crate::settings::timeouts::Timeouts;
use crate::transport::reply_bounds::ReplyBounds;

const LONG: Duration = Duration::from_secs(60);

/// The server's end.
struct Server {
    requests: BufReader<ReadHalf<DuplexStream>>,
    replies: WriteHalf<DuplexStream>,
}

impl Server {
    /// Returns the last word of the next command, or `None` at the end.
    async fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        self.requests.read_line(&mut line).await.unwrap();
        let words: usize = line.strip_prefix('*')?.trim().parse().unwrap();
        for _ in 0..2 * words {
            line.clear();
            self.requests.read_line(&mut line).await.unwrap();
        }
        Some(line.trim_end().to_owned())
    }

    async fn say(&mut self, replies: &str) {
        self.replies.write_all(replies.as_bytes()).await.unwrap();
    }

    /// Answers each command with its last word until the client has gone.
    async fn echo(mut self) {
        while let Some(word) = self.next().await {
            self.say(&format!("${}\r\n{word}\r\n", word.len())).await;
        }
    }
}

/// Returns a connection with an undriven driver, and the server's end of a stream that keeps so
/// many bytes.
fn connection(
    bytes: usize,
    response: Duration,
) -> (Multiplexer, impl Future<Output = ()> + Send, Server) {
    let (ours, theirs) = duplex(bytes);
    let timeouts = Timeouts {
        connect: LONG,
        response,
    };
    let (connection, driver) = Multiplexer::new(ours, None, 3, ReplyBounds::DATA, timeouts);
    let (requests, replies) = split(theirs);
    let requests = BufReader::new(requests);
    (connection, driver, Server { requests, replies })
}

async fn echo(connection: &Multiplexer, word: &str) -> RedisResult<String> {
    let reply = connection.send(cmd("ECHO").arg(word)).await?;
    redis::from_redis_value(reply).map_err(Into::into)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_every_caller_gets_its_own_reply_whoever_goes() {
    let (connection, driver, server) = connection(300, LONG);
    let driver = tokio::spawn(driver);
    let server = tokio::spawn(server.echo());
    let callers = (0..64_u64).map(|caller| {
        let connection = connection.clone();
        tokio::spawn(async move {
            let mut random = fastrand::Rng::with_seed(caller);
            for number in 0..200 {
                let word = format!("{caller}.{number}");
                match random.u8(..4) {
                    0 => {
                        // Goes before the reply comes, at some point on the way.
                        let polls = random.usize(..3);
                        let going = async {
                            for _ in 0..polls {
                                tokio::task::yield_now().await;
                            }
                        };
                        let call = echo(&connection, &word).boxed();
                        select(call, going.boxed()).await;
                    }
                    1 => {
                        let mut pipeline = pipe();
                        let words = [0, 1, 2].map(|part| format!("{word}.{part}"));
                        for word in &words {
                            pipeline.cmd("ECHO").arg(word);
                        }
                        let replies = connection.send_all(&pipeline, 0, 3).await.unwrap();
                        let replies: Vec<String> =
                            redis::from_redis_value(Value::Array(replies)).unwrap();
                        assert_eq!(replies, words);
                    }
                    _ => assert_eq!(echo(&connection, &word).await.unwrap(), word),
                }
            }
        })
    });
    for caller in join_all(callers.collect::<Vec<_>>()).await {
        caller.unwrap();
    }
    // The last handle ends the connection.
    drop(connection);
    timeout(LONG, driver).await.unwrap().unwrap();
    timeout(LONG, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn r4_a_late_reply_goes_to_nobody() {
    let (connection, driver, mut server) = connection(1000, Duration::from_millis(100));
    let _driver = tokio::spawn(driver);
    // Twice, because the driver has slept without a deadline before the first.
    for number in 0..2 {
        let (late, first) = (format!("late{number}"), format!("next{number}"));
        let error = echo(&connection, &late).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(server.next().await.as_deref(), Some(&*late));
        let serve = async {
            assert_eq!(server.next().await.as_deref(), Some(&*first));
            server.say("+late\r\n+next\r\n").await;
        };
        let (reply, ()) = tokio::join!(echo(&connection, &first), serve);
        assert_eq!(reply.unwrap(), "next");
    }
}

#[tokio::test]
async fn r11_a_server_that_reads_nothing_bounds_what_is_kept() {
    const BYTES: usize = 1000;
    let (connection, driver, mut server) = connection(BYTES, Duration::from_millis(300));
    let driver = tokio::spawn(driver);
    let word = "w".repeat(BYTES);
    let calls = join_all((0..1000).map(|_| echo(&connection, &word)));
    assert!(calls.await.iter().all(|result| {
        let error = result.as_ref().unwrap_err();
        error.is_timeout()
    }));
    drop(connection);
    driver.abort();
    let _ended = driver.await;
    let mut kept = Vec::new();
    server.requests.read_to_end(&mut kept).await.unwrap();
    assert!(kept.len() <= BYTES, "{} bytes", kept.len());
}

#[tokio::test]
async fn callers_go_on_when_a_server_reads_again() {
    let (connection, driver, server) = connection(1000, LONG);
    let _driver = tokio::spawn(driver);
    let word = "w".repeat(1000);
    let calls = join_all((0..1000).map(|_| echo(&connection, &word)));
    let serve = async {
        sleep(Duration::from_millis(50)).await;
        server.echo().await;
    };
    let serving = tokio::spawn(serve);
    for result in timeout(LONG, calls).await.unwrap() {
        assert_eq!(result.unwrap(), word);
    }
    drop(connection);
    timeout(LONG, serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_end_is_told_to_all_who_wait_and_to_all_who_come() {
    let (connection, driver, server) = connection(1000, LONG);
    let driver = tokio::spawn(driver);
    let waiting = join_all((0..3).map(|_| echo(&connection, "word")));
    let end = async {
        sleep(Duration::from_millis(10)).await;
        drop(server);
    };
    let (results, ()) = tokio::join!(waiting, end);
    timeout(LONG, driver).await.unwrap().unwrap();
    for result in results.into_iter().chain([echo(&connection, "word").await]) {
        let error = result.unwrap_err();
        assert!(error.is_connection_dropped(), "{error}");
    }
}

#[tokio::test]
async fn the_last_reply_comes_after_the_last_handle() {
    let (connection, driver, mut server) = connection(1000, LONG);
    let driver = tokio::spawn(driver);
    connection
        .send(cmd("SET").arg("word").set_no_response(true))
        .await
        .unwrap();
    drop(connection);
    assert_eq!(server.next().await.as_deref(), Some("word"));
    assert!(!driver.is_finished());
    server.say("+OK\r\n").await;
    timeout(LONG, driver).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_command_without_words_is_not_sent() {
    let (connection, driver, server) = connection(1000, LONG);
    let _driver = tokio::spawn(driver);
    let _server = tokio::spawn(server.echo());
    let empty = redis::Cmd::new();
    connection.send(&empty).await.unwrap_err();
    connection.send_all(&pipe(), 0, 0).await.unwrap_err();
    let mut pipeline = pipe();
    pipeline.cmd("ECHO").arg("a").add_command(empty);
    connection.send_all(&pipeline, 0, 2).await.unwrap_err();
    assert_eq!(echo(&connection, "word").await.unwrap(), "word");
}

/// Sends a transaction of two commands and answers it with `replies`.
async fn transaction(replies: &str) -> RedisResult<Vec<Value>> {
    let (connection, driver, mut server) = connection(1000, LONG);
    let _driver = tokio::spawn(driver);
    let mut pipeline = pipe();
    pipeline.atomic().cmd("ECHO").arg("a").cmd("ECHO").arg("b");
    let serve = async {
        for word in ["MULTI", "a", "b", "EXEC"] {
            assert_eq!(server.next().await.as_deref(), Some(word));
        }
        server.say(replies).await;
    };
    tokio::join!(connection.send_all(&pipeline, 3, 1), serve).0
}

#[tokio::test]
async fn r4_a_transaction_fails_as_in_redis_rs_if_a_command_was_refused() {
    let done = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n";
    let done: Vec<Vec<String>> =
        redis::from_redis_value(Value::Array(transaction(done).await.unwrap())).unwrap();
    assert_eq!(done, [["a", "b"]]);

    let aborted = "+OK\r\n-MOVED 1 host:1\r\n-WRONG\r\n-EXECABORT discarded\r\n";
    let error = transaction(aborted).await.unwrap_err();
    let aborted = redis::ErrorKind::Server(redis::ServerErrorKind::ExecAbort);
    assert_eq!(error.kind(), aborted);
    let errors = error.into_server_errors().unwrap();
    let codes: Vec<(usize, &str)> = errors
        .iter()
        .map(|(at, error)| (*at, error.code()))
        .collect();
    assert_eq!(codes, [(0, "MOVED"), (1, "WRONG")]);
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls the driver of so many requests four times. Returns how often it wakes itself.
async fn driven(requests: usize, stood_still: Duration) -> usize {
    let (ours, _theirs) = duplex(10_000);
    let shared = Arc::new(Shared::new(LONG, None));
    let wakes = Arc::new(Wakes::default());
    let waker = Arc::clone(&wakes).into();
    for _ in 0..requests {
        shared
            .state()
            .slots
            .insert(std::task::Waker::noop().clone());
    }
    let mut driver = Driver::new(ours, shared, ReplyBounds::DATA);
    driver.stood_still = stood_still;
    for _ in 0..4 {
        let polled = driver.poll_unpin(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    wakes.0.load(Ordering::Relaxed)
}

#[tokio::test]
async fn while_there_are_several_callers_go_first() {
    assert_eq!(driven(0, Duration::MAX).await, 0);
    assert_eq!(driven(1, Duration::MAX).await, 0);
    assert_eq!(driven(2, Duration::MAX).await, 2);
    assert_eq!(driven(256, Duration::MAX).await, 2);
    // The runtime has stood still before each.
    assert_eq!(driven(256, Duration::ZERO).await, 0);
}

/// A stream whose only answer is an error.
#[tokio::test]
async fn an_error_of_the_stream_is_the_error_of_the_calls() {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }
    }
    let stream = tokio::io::join(Broken, tokio::io::sink());
    let timeouts = Timeouts {
        connect: LONG,
        response: LONG,
    };
    let (connection, driver) = Multiplexer::new(stream, None, 0, ReplyBounds::DATA, timeouts);
    tokio::spawn(driver);
    let error = echo(&connection, "word").await.unwrap_err();
    let reset = redis::RedisError::from(io::Error::from(io::ErrorKind::ConnectionReset));
    assert_eq!(error.to_string(), reset.to_string());
}
