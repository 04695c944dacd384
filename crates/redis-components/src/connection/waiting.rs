//! Commands of a dedicated call that wait, and end when their component moves.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, pending, select};
use redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::timeout;

use super::dedicated::Following;
use super::line::{request, unblock};
use crate::error::Error;
use crate::transport::error_codes::is_ended_by_demotion;

impl Following {
    /// Returns `true` if the component has moved. If its server has become a replica and ended what
    /// waited there, that comes within moments: there is a candidate, or sentinels say so.
    pub(super) async fn has_moved_by_now(&self, answer: &Value) -> bool {
        let has_successor =
            || self.slot.candidate().is_some() || self.shared.config.sentinels().is_some();
        let moves = is_ended_by_demotion(answer) && has_successor();
        if moves && !self.shared.has_moved() {
            let bound = self.shared.timeouts.response;
            // An error says that the component stays.
            drop(timeout(bound, self.shared.moved()).await);
        }
        self.shared.has_moved()
    }

    /// Sends a command that waits. When the component moves, the server is asked to end it.
    pub(super) async fn wait_for(
        &mut self,
        number: usize,
        command: &Cmd,
        is_asking: bool,
    ) -> RedisResult<Value> {
        let follows = self.follows && self.is_clean();
        let id = if follows {
            self.id(number).await?
        } else {
            None
        };
        let line = &self.lines[number];
        let mut connection = line.connection.clone();
        let given_up = line.closer().close_if_given_up();
        let answer = request(&mut connection, command, is_asking);
        let answer = self.until_overdue(number, answer, id).await;
        given_up.disarm();
        answer
    }

    /// Waits for an answer. When the component moves, the server is asked to unblock the connection
    /// of that number. The connection is closed if it still waits at the drain deadline. One that
    /// stays is left alone, unless calls are cut then.
    pub(super) async fn until_overdue<T>(
        &self,
        number: usize,
        answer: impl Future<Output = RedisResult<T>>,
        id: Option<i64>,
    ) -> RedisResult<T> {
        let line = &self.lines[number];
        let told = |answer: RedisResult<T>| answer.map_err(|error| self.reason(error));
        let answer = pin!(answer);
        let answer = match select(answer, pin!(self.shared.moved())).await {
            Either::Left((answer, _)) => return told(answer),
            Either::Right(((), answer)) => answer,
        };
        if !self.follows {
            return told(answer.await);
        }
        let unblocking = async {
            match id {
                Some(id) => unblock(&line.home, id).await,
                None => pending().await,
            }
        };
        let deadline = tokio::time::sleep(self.slot.drain_deadline());
        let (unblocking, deadline) = (pin!(unblocking), pin!(deadline));
        match select(answer, select(unblocking, deadline)).await {
            Either::Left((answer, _)) => told(answer),
            Either::Right(_) => {
                // The command must not take an element for which no caller waits.
                line.closer().close();
                Err(self.shared.stayed_too_long().into())
            }
        }
    }

    /// Returns the error for the caller of a command whose connection has ended.
    fn reason(&self, error: RedisError) -> RedisError {
        if error.is_io_error() && self.shared.is_cut() {
            return self.shared.was_cut().into();
        }
        error
    }

    /// Returns the server's number for the connection, unless the user may not ask for it. Some
    /// proxies hang up on that, and then the connection is opened again: nothing of the call has
    /// been sent on it.
    async fn id(&mut self, number: usize) -> Result<Option<i64>, Error> {
        let line = &mut self.lines[number];
        let asking: RedisResult<i64> = redis::cmd("CLIENT")
            .arg("ID")
            .query_async(&mut line.connection)
            .await;
        if asking.as_ref().is_err_and(RedisError::is_io_error) {
            line.closer().close();
            let home = Arc::clone(&line.home);
            self.lines[number] = self.opened(&home).await?;
        }
        Ok(asking.ok())
    }
}
