//! The connection over which a server is observed.

use std::time::Duration;

use redis::{Client, Connection, ConnectionLike, RedisResult, Value};

/// Long for a command, short for a test that waits for a frozen server by mistake.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One connection of our own, kept open, so that observing a server does not change the figures observed.
pub(crate) struct Control {
    client: Client,
    connection: Connection,
    reconnects: u64,
}

impl Control {
    pub(crate) fn connect(client: Client) -> RedisResult<Self> {
        let connection = connect(&client)?;
        Ok(Self {
            client,
            connection,
            reconnects: 0,
        })
    }

    pub(crate) fn query(&mut self, command: &[&str]) -> RedisResult<Value> {
        if !self.connection.is_open() {
            self.connection = connect(&self.client)?;
            self.reconnects += 1;
        }
        let mut request = redis::Cmd::new();
        for word in command {
            request.arg(*word);
        }
        request.query(&mut self.connection)
    }

    /// One field of `INFO <section>`, such as `process_id` of `server`.
    pub(crate) fn info(&mut self, section: &str, field: &str) -> RedisResult<Option<String>> {
        let text: String = redis::from_redis_value(self.query(&["INFO", section])?)?;
        Ok(info_field(&text, field))
    }

    /// How many of the connections counted by the server since its statistics were reset are ours.
    pub(crate) fn reconnects(&self) -> u64 {
        self.reconnects
    }
}

fn connect(client: &Client) -> RedisResult<Connection> {
    let connection = client.get_connection_with_timeout(TIMEOUT)?;
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    Ok(connection)
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
