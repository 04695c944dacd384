//! Logging in and probing, as bytes: the same for every kind of connection.
//!
//! redis-rs's own handshake sends commands that nobody needs, hides what the server answers to
//! AUTH, and knows no server that wants no password. So it happens here, before redis-rs gets the
//! stream.

use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};

use super::error_codes::{Meaning, is_passing, of_error};
use super::failure::Failure;
use super::node::Node;
use crate::config::login::Login as Credentials;
use crate::config::secret::Secret;

/// No Redis server answers a handshake with more.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A handshake in progress.
pub(super) struct Handshake<'a> {
    node: &'a Node,
    login: Login<'a>,
    received: Vec<u8>,
}

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Login<'a> {
    Nobody,
    /// With a password alone, as servers before version 6 know it.
    Password(&'a str),
    User(&'a str, &'a str),
}

/// The next step with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Read more.
    Read,
    /// Send the [request](Handshake::request) again, which has changed.
    SendAgain,
    /// The server has logged the client in, and serves.
    Done,
}

impl<'a> Handshake<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        let Credentials { username, password } = node.login();
        let password = password.as_ref().map(Secret::expose);
        Self {
            node,
            login: match (username.as_deref(), password) {
                (Some(user), password) => Login::User(user, password.unwrap_or("")),
                (None, Some(password)) => Login::Password(password),
                (None, None) => Login::Nobody,
            },
            received: Vec::new(),
        }
    }

    /// Returns the bytes to send.
    pub(super) fn request(&self) -> Vec<u8> {
        self.pipeline().get_packed_pipeline()
    }

    /// Takes bytes that the server sent. No bytes mean that it closed the connection.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses the login or does not serve.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Progress, Failure> {
        if bytes.is_empty() {
            let message = if self.received.is_empty() {
                "the server closed the connection"
            } else {
                "the connection ended in mid-reply"
            };
            return Err(Failure::unreachable(message));
        }
        self.received.extend_from_slice(bytes);
        let Some(replies) = self.replies()? else {
            self.judge_first()?;
            return if self.received.len() > LONGEST_ANSWER {
                Err(not_redis())
            } else {
                Ok(Progress::Read)
            };
        };
        self.received.clear();
        self.judge(replies)
            .map_err(|failure| self.hide_password(failure))
    }

    /// Hides the text of a server that repeats the password.
    fn hide_password(&self, failure: Failure) -> Failure {
        let (Login::Password(password) | Login::User(_, password)) = self.login else {
            return failure;
        };
        if password.is_empty() || !failure.message.contains(password) {
            return failure;
        }
        let message = "the server refuses the login with a text that holds the password";
        Failure::new(failure.cause, message)
    }

    fn pipeline(&self) -> Pipeline {
        let mut pipeline = redis::pipe();
        match self.login {
            Login::Nobody => {}
            Login::Password(password) => {
                pipeline.cmd("AUTH").arg(password);
            }
            Login::User(user, password) => {
                pipeline.cmd("AUTH").arg(user).arg(password);
            }
        }
        if self.node.db() != 0 {
            pipeline.cmd("SELECT").arg(self.node.db());
        }
        if self.node.is_read_only() {
            pipeline.cmd("READONLY");
        }
        pipeline.add_command(probe());
        pipeline
    }

    /// Returns the replies to all commands, or `None` if they are not complete.
    fn replies(&self) -> Result<Option<Vec<Value>>, Failure> {
        let mut parser = redis::Parser::new();
        let mut unread = self.received.as_slice();
        let replies: RedisResult<Vec<Value>> = (0..self.pipeline().len())
            .map(|_| parser.parse_value(&mut unread))
            .collect();
        match replies {
            Ok(replies) => Ok(Some(replies)),
            // The buffer has all that has come, so an end in the middle says that more will come.
            Err(error) if error.is_connection_dropped() => Ok(None),
            Err(_) => Err(not_redis()),
        }
    }

    /// Returns an error if the first reply says that the server serves nobody. At its limit of
    /// clients a server sends that one reply, whatever it was asked, and hangs up.
    fn judge_first(&self) -> Result<(), Failure> {
        let first = redis::Parser::new().parse_value(self.received.as_slice());
        match first.map(Value::extract_error) {
            Ok(Err(error)) if is_passing(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn judge(&mut self, replies: Vec<Value>) -> Result<Progress, Failure> {
        let mut replies = replies.into_iter().map(Value::extract_error);
        if self.login != Login::Nobody
            && let Some(Err(error)) = replies.next()
        {
            self.login = self.other_login(error)?;
            return Ok(Progress::SendAgain);
        }
        if self.node.db() != 0
            && let Some(Err(error)) = replies.next()
        {
            return Err(error.into());
        }
        if self.node.is_read_only()
            && let Some(Err(error)) = replies.next()
        {
            return Err(error.into());
        }
        match replies.next() {
            Some(answer) => judge_probe(answer).map(|()| Progress::Done),
            None => Err(not_redis()),
        }
    }

    /// Returns another form of login, if the server refuses the form of the login and not the login
    /// itself.
    fn other_login(&self, error: RedisError) -> Result<Login<'a>, Failure> {
        let says = |text| error.detail().is_some_and(|detail| detail.contains(text));
        match self.login {
            // A server before version 6 knows no users.
            Login::User(_, password)
                if says("wrong number of arguments for 'auth' command") && !password.is_empty() =>
            {
                Ok(Login::Password(password))
            }
            // The default user needs no password, and as a user it takes any.
            Login::Password(password) if says("without any password configured") => {
                Ok(Login::User("default", password))
            }
            // The same before version 6.
            Login::Password(_) if says("no password is set") => Ok(Login::Nobody),
            _ => Err(error.into()),
        }
    }
}

/// Returns the command that asks the server if it is up and serves.
pub(super) fn probe() -> Cmd {
    redis::cmd("PING")
}

/// Returns an error if the answer to a probe says that the server does not serve. A server that
/// answers lives, even if it does not know or allow PING, or cannot save its data.
pub(super) fn judge_probe(answer: RedisResult<Value>) -> Result<(), Failure> {
    match answer {
        Err(error) if of_error(&error) == Some(Meaning::Lives) => Ok(()),
        answer => answer.map(drop).map_err(Failure::from),
    }
}

fn not_redis() -> Failure {
    RedisError::from((redis::ErrorKind::Parse, "not a reply")).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Handshake, Progress};
    use crate::config::ComponentConfig;
    use crate::transport::failure::Cause;
    use crate::transport::node::Node;

    fn node(config: &ComponentConfig) -> Arc<Node> {
        pollster::block_on(Node::prepare(config, Duration::MAX)).unwrap()
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
        assert_eq!(words(&Handshake::new(&node)), "AUTH reader  PING ");
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
            let mut handshake = Handshake::new(&node);
            let answer = format!("+OK\r\n{reply}\r\n");
            let (first, rest) = answer.split_at(3);
            assert_eq!(handshake.receive(first.as_bytes()).unwrap(), Progress::Read);
            assert_eq!(handshake.receive(rest.as_bytes()).unwrap(), Progress::Done);
        }
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
            let received = Handshake::new(&node).receive(format!("{reply}\r\n").as_bytes());
            assert_eq!(received.unwrap_err().cause, Cause::Busy, "{reply}");
        }
    }

    #[test]
    fn r10_a_server_at_its_limit_of_clients_answers_once_whatever_it_was_asked() {
        let node = node(&ComponentConfig::new("h").password("p").db(2));
        let answer = b"-ERR max number of clients reached\r\n";
        let failure = Handshake::new(&node).receive(answer).unwrap_err();
        assert_eq!(failure.cause, Cause::Busy);
        assert!(failure.message.contains("max number of clients"));
    }

    #[test]
    fn a_server_that_wants_another_form_of_login_gets_it() {
        let of = |node: &Node, answer: &str| {
            let mut handshake = Handshake::new(node);
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
        let failure = Handshake::new(&node).receive(answer).unwrap_err();
        assert_eq!(failure.cause, Cause::Refused);
        assert!(!format!("{failure:?}").contains("S3cretZ"), "{failure:?}");
    }

    #[test]
    fn what_is_no_redis_server_is_refused() {
        let node = node(&ComponentConfig::new("h"));
        let received = Handshake::new(&node).receive(b"HTTP/1.1 400 Bad Request\r\n");
        let failure = received.unwrap_err();
        assert_eq!(failure.cause, Cause::Refused);
        assert!(
            failure.message.contains("not a Redis server"),
            "{}",
            failure.message
        );
        let endless = Handshake::new(&node).receive(&[b"+".as_slice(), &[b'x'; 70_000]].concat());
        assert_eq!(endless.unwrap_err().cause, Cause::Refused);
    }
}
