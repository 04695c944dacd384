//! The answer to a read that a call has sent itself.

use std::sync::Arc;

use redis::Value;
use secrecy::zeroize::Zeroizing;

use crate::clock::Tick;

/// A value as it stands on the config server. It may hold a password.
#[derive(Clone)]
pub(crate) struct Answer(Arc<Text>);

struct Text {
    sent_at: Tick,
    value: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Returns the answer in a reply to a read that was sent at `sent_at`, if it is a value.
    pub(super) fn of(reply: Value, sent_at: Tick) -> Option<Self> {
        match reply {
            Value::BulkString(value) => {
                let value = Zeroizing::new(value);
                Some(Self(Arc::new(Text { sent_at, value })))
            }
            _ => None,
        }
    }

    /// Returns when the read was sent.
    pub(in crate::config_server) fn sent_at(&self) -> Tick {
        self.0.sent_at
    }

    /// Returns `true` if the value is `text`.
    pub(in crate::config_server) fn is(&self, text: &str) -> bool {
        *self.0.value == text.as_bytes()
    }
}
