//! Pipelines and transactions over the connections of a dedicated call.

use std::sync::Arc;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisResult, Value};

use super::dedicated::Following;
use super::line::Line;
use crate::client::cluster::transaction::cross_slot;
use crate::client::commands::may_wait;
use crate::client::lines::{Lines, behind_asking, refuses_each, spelled_out};
use crate::client::multiplexed::Multiplexed;
use crate::transport::transaction::behind;

impl Lines for Following {
    fn are_clean(&self) -> bool {
        self.is_clean()
    }

    fn last(&self) -> Option<&Arc<Multiplexed>> {
        self.lines.last().map(|line| &line.home)
    }

    async fn send_each(
        &mut self,
        parts: Vec<(Arc<Multiplexed>, Pipeline)>,
    ) -> RedisResult<Vec<RedisResult<Vec<Value>>>> {
        let mut numbered = Vec::with_capacity(parts.len());
        for (home, pipeline) in parts {
            numbered.push((self.line_at(&home).await?, pipeline));
        }
        let following = &*self;
        let sending = numbered
            .iter()
            .map(|(number, pipeline)| following.send_at(*number, pipeline, 0, pipeline.len()));
        Ok(join_all(sending).await)
    }

    async fn send_whole(
        &mut self,
        home: &Arc<Multiplexed>,
        pipeline: &Pipeline,
        is_asking: bool,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let number = self.line_at(home).await?;
        let elsewhere =
            |(other, line): (usize, &Line)| other != number && !line.session().is_clean();
        if self.lines.iter().enumerate().any(elsewhere) {
            return Err(cross_slot());
        }
        let (was_clean, noted) = {
            let mut session = self.lines[number].session();
            let was_clean = session.is_clean();
            session.note_pipeline(pipeline);
            (was_clean, session.noted())
        };
        if is_asking {
            let asking = behind_asking(pipeline);
            return self.send_at(number, &asking, offset + 1, count).await;
        }
        let replies = self.send_at(number, pipeline, offset, count).await;
        if was_clean
            && let Ok(replies) = &replies
            && refuses_each(pipeline, replies)
        {
            // A refused WATCH watches nothing.
            self.lines[number].session().forget(noted);
        }
        replies
    }
}

impl Following {
    async fn send_at(
        &self,
        number: usize,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let mut connection: MultiplexedConnection = self.lines[number].connection.clone();
        if pipeline.is_transaction() {
            // redis-rs miscounts if MULTI is refused.
            let whole = spelled_out(pipeline);
            let replies = connection.send_packed_commands(&whole, 0, whole.len());
            return behind(pipeline, replies.await?, offset, count).await;
        }
        let answers = connection.send_packed_commands(pipeline, offset, count);
        if !pipeline.cmd_iter().any(may_wait) {
            return answers.await;
        }
        let given_up = self.lines[number].closer().close_if_given_up();
        // Some of its commands may have been executed when the component moves, so that it is not
        // sent again.
        let answers = self.until_overdue(number, answers, None).await;
        given_up.disarm();
        answers
    }
}
