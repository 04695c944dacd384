//! Logging in and probing, as bytes: the same for every kind of connection.
//!
//! redis-rs's own handshake sends commands that nobody needs, hides what the server answers to
//! AUTH, and knows no server that wants no password. So it happens here, before redis-rs gets the
//! stream.

use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};

use super::demand::Demand;
use super::error_codes::{Meaning, of_error};
use super::failure::Failure;
use super::node::Node;
use super::question::Question;
use super::reply_bounds::ReplyBounds;
use super::reply_scan::Replies;
use crate::config::login::Login as Credentials;
use crate::config::secret::Secret;
use crate::error::repeats::repeats;
use crate::error::server_words::{UNSHOWN, meaning};

/// How often another form of login is tried.
const MOST_CHANGES: usize = 2;

/// A handshake in progress.
pub(super) struct Handshake<'a> {
    db: u32,
    client_name: Option<&'a str>,
    login: Login<'a>,
    /// Whether a replica of a cluster is asked to answer reads.
    is_read_only: bool,
    /// What the server is asked, if it has to be something.
    question: Option<Question>,
    received: Vec<u8>,
    has_heard: bool,
    replies: Replies,
    /// The password of the node: the login that was tried last may be another.
    password: Option<&'a str>,
    /// How often another form of login was tried.
    changes: usize,
    is_of_cluster: bool,
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
    /// A server that refuses the name is used all the same.
    pub(super) fn new(node: &'a Node, client_name: Option<&'a str>, demand: Demand) -> Self {
        let Credentials { username, password } = node.login();
        let password = password.as_ref().map(Secret::expose);
        Self {
            db: node.db(),
            client_name,
            login: match (username.as_deref(), password) {
                (Some(user), password) => Login::User(user, password.unwrap_or("")),
                (None, Some(password)) => Login::Password(password),
                (None, None) => Login::Nobody,
            },
            is_read_only: node.is_read_only(),
            question: Question::of(demand),
            received: Vec::new(),
            has_heard: false,
            replies: Replies::new(ReplyBounds::HANDSHAKE),
            password,
            changes: 0,
            is_of_cluster: false,
        }
    }

    /// Returns `true` if the server was asked, and is a node of a cluster.
    pub(super) fn is_of_cluster(&self) -> bool {
        self.is_of_cluster
    }

    /// Returns `true` if the server has sent anything.
    pub(super) fn has_heard(&self) -> bool {
        self.has_heard
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
                "the server closed the connection before it had answered everything"
            };
            let refusal = self.refusal();
            return Err(refusal.unwrap_or_else(|| Failure::unreachable(message)));
        }
        self.has_heard = true;
        self.answered(bytes)
            .map_err(|failure| self.hide_password(failure))
    }

    /// Returns why the server has hung up on the request, if it said so in its last bytes.
    pub(super) fn last_word(&mut self, bytes: &[u8]) -> Option<Failure> {
        if bytes.is_empty() {
            return self.refusal();
        }
        self.receive(bytes).err().or_else(|| self.refusal())
    }

    /// Returns the first error among the replies that are complete. A server or proxy may answer
    /// with one error, whatever it was asked, and hang up.
    fn refusal(&self) -> Option<Failure> {
        let replies = self.parsed(self.replies.complete()).ok()?;
        let mut replies = replies.into_iter().map(Value::extract_error);
        let error = replies.find_map(Result::err)?;
        Some(self.hide_password(Failure::quoting(error)))
    }

    fn answered(&mut self, bytes: &[u8]) -> Result<Progress, Failure> {
        let before = self.replies.complete();
        self.replies.follow(bytes)?;
        self.received.extend_from_slice(bytes);
        let (awaited, complete) = (self.pipeline().len(), self.replies.complete());
        if before == 0 && complete > 0 {
            self.judge_first()?;
        }
        if complete < awaited {
            return Ok(Progress::Read);
        }
        let replies = self.parsed(awaited)?;
        self.received.clear();
        self.replies = Replies::new(ReplyBounds::HANDSHAKE);
        self.judge(replies)
    }

    /// Hides the text of a server that repeats the password.
    fn hide_password(&self, failure: Failure) -> Failure {
        let Some(password) = self.password else {
            return failure;
        };
        // The message may be cut in the middle of the password, and what is escaped in it is not.
        let source = failure.source.as_ref().map(ToString::to_string);
        let texts = [Some(&failure.message), source.as_ref()];
        if !texts.iter().flatten().any(|text| repeats(text, password)) {
            return failure;
        }
        // A password may be a word that servers use. What they mean is said in any case.
        let message = match failure.source {
            Some(error) => meaning(&error),
            None => UNSHOWN.to_owned(),
        };
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
        if self.db != 0 {
            pipeline.cmd("SELECT").arg(self.db);
        }
        if let Some(name) = self.client_name {
            pipeline.cmd("CLIENT").arg("SETNAME").arg(name);
        }
        if self.is_read_only {
            pipeline.cmd("READONLY");
        }
        pipeline.add_command(probe());
        if let Some(question) = self.question {
            pipeline.add_command(question.command());
        }
        pipeline
    }

    /// Returns the first replies, which are complete.
    fn parsed(&self, count: usize) -> Result<Vec<Value>, Failure> {
        let mut parser = redis::Parser::new();
        let mut unread = self.received.as_slice();
        (0..count)
            .map(|_| parser.parse_value(&mut unread).map_err(|_| not_redis()))
            .collect()
    }

    /// Returns an error if the first reply says that the server does not serve this client. At its
    /// limit of clients and in protected mode a server sends that one reply, whatever it was asked,
    /// and hangs up.
    fn judge_first(&self) -> Result<(), Failure> {
        let first = self.parsed(1)?.pop().map(Value::extract_error);
        match first {
            Some(Err(error)) if of_error(&error) != Some(Meaning::Lives) => {
                Err(Failure::quoting(error))
            }
            _ => Ok(()),
        }
    }

    fn judge(&mut self, replies: Vec<Value>) -> Result<Progress, Failure> {
        let mut replies = replies.into_iter().map(Value::extract_error);
        if self.login != Login::Nobody
            && let Some(Err(error)) = replies.next()
        {
            self.login = self.other_login(error)?;
            self.changes += 1;
            return Ok(Progress::SendAgain);
        }
        let judged = match (
            self.question,
            self.question.and_then(|_| replies.next_back()),
        ) {
            (Some(question), Some(answer)) => {
                self.is_of_cluster |= question.tells_of_cluster(&answer);
                question.judge(&answer)
            }
            _ => Ok(None),
        };
        if self.db != 0
            && let Some(Err(error)) = replies.next()
        {
            // A sentinel does not know the command.
            return Err(judged.err().unwrap_or_else(|| Failure::quoting(error)));
        }
        if self.client_name.is_some() {
            replies.next();
        }
        if self.is_read_only
            && let Some(Err(error)) = replies.next()
        {
            return Err(Failure::quoting(error));
        }
        match replies.next() {
            Some(answer) => judge_probe(answer)?,
            None => return Err(not_redis()),
        }
        self.question = judged?;
        Ok(match self.question {
            Some(_) => Progress::SendAgain,
            None => Progress::Done,
        })
    }

    /// Returns another form of login, if the server refuses the form of the login and not the login
    /// itself.
    fn other_login(&self, error: RedisError) -> Result<Login<'a>, Failure> {
        let says = |text| error.detail().is_some_and(|detail| detail.contains(text));
        match self.login {
            // There are no more forms, and a server could ask for them in turns.
            _ if self.changes == MOST_CHANGES => Err(Failure::quoting(error)),
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
            _ => Err(Failure::quoting(error)),
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
mod tests;
