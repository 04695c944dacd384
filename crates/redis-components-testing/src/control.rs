//! The connection that observes a server.

use redis::{Client, RedisResult, Value};

use crate::worker::Worker;

/// One connection that stays open, so that observing a server does not change the observed figures.
pub(crate) struct Control {
    client: Client,
    /// `None` after a failure of the connection: its next answer could belong to an earlier
    /// command.
    worker: Option<Worker>,
    reconnects: u64,
}

impl Control {
    pub(crate) fn connect(client: Client) -> RedisResult<Self> {
        let worker = Some(Worker::connect(&client)?);
        Ok(Self {
            client,
            worker,
            reconnects: 0,
        })
    }

    pub(crate) fn query(&mut self, command: &[&str]) -> RedisResult<Value> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => {
                let worker = Worker::connect(&self.client)?;
                self.reconnects += 1;
                worker
            }
        };
        let mut request = redis::Cmd::new();
        for word in command {
            request.arg(*word);
        }
        let answer = worker.query(request);
        if !answer.as_ref().is_err_and(redis::RedisError::is_io_error) {
            self.worker = Some(worker);
        }
        answer
    }

    /// Returns one field of `INFO <section>`, for example `process_id` of `server`.
    ///
    /// Asks once more if the server has closed the connection: sentinels close all connections of a
    /// server whose role they change.
    pub(crate) fn info(&mut self, section: &str, field: &str) -> RedisResult<Option<String>> {
        let question = ["INFO", section];
        let answer = match self.query(&question) {
            Err(error) if error.is_connection_dropped() => self.query(&question)?,
            answer => answer?,
        };
        let text: String = redis::from_redis_value(answer)?;
        Ok(info_field(&text, field))
    }

    /// Returns how many connections this observer has opened since the server's statistics were
    /// reset.
    pub(crate) fn reconnects(&self) -> u64 {
        self.reconnects
    }
}

fn info_field(text: &str, field: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| *name == field)
        .map(|(_, value)| value.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::info_field;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "# Commandstats\r\ncmdstat_lpushx:calls=1\r\ncmdstat_lpush:calls=2,usec=3\r\n";
        assert_eq!(
            info_field(text, "cmdstat_lpush").as_deref(),
            Some("calls=2,usec=3")
        );
        assert_eq!(info_field(text, "cmdstat_push"), None);
    }
}
