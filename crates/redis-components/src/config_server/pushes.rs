//! The config server's pushes, which say that keys have changed.

use std::sync::Arc;

use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind, Value};

use super::state::State;

/// Receives pushes where frames are parsed, and wakes the watch.
#[derive(Clone, Debug)]
pub(super) struct Pushes(Arc<State>);

impl Pushes {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self(state)
    }

    /// Makes the readings of all keys old.
    pub(super) fn invalidate_all(&self) {
        let keys = self.0.keys();
        let all = keys.values().flatten();
        all.for_each(|watched| watched.invalidate());
        self.0.control.invalidate();
    }

    /// Makes the reading of one key old. Returns `false` if nobody watches the key.
    fn invalidate(&self, key: &str) -> bool {
        if key == self.0.control.key() {
            self.0.control.invalidate();
            return true;
        }
        let keys = self.0.keys();
        let watched = keys.get(key);
        watched
            .inspect(|watched| watched.iter().for_each(|one| one.invalidate_by_name()))
            .is_some()
    }
}

impl AsyncPushSender for Pushes {
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        let is_news = match Invalidated::by(&push) {
            Invalidated::Nothing => false,
            Invalidated::Keys(names) => {
                let watched = names.iter().filter(|name| self.invalidate(name));
                watched.count() > 0
            }
            Invalidated::Everything => {
                self.invalidate_all();
                true
            }
        };
        if is_news {
            self.0.signal.wake();
        }
        Ok(())
    }
}

/// The readings that a push makes old.
#[derive(Debug, PartialEq)]
enum Invalidated<'a> {
    Nothing,
    Keys(Vec<&'a str>),
    Everything,
}

impl<'a> Invalidated<'a> {
    /// The server names keys, or nothing if all are gone (FLUSHALL). A push that is not understood
    /// may mean all as well.
    fn by(push: &'a PushInfo) -> Self {
        match (&push.kind, push.data.as_slice()) {
            (PushKind::Invalidate, [Value::Array(names)]) => names
                .iter()
                .map(name)
                .collect::<Option<_>>()
                .map_or(Self::Everything, Self::Keys),
            (PushKind::Invalidate | PushKind::Disconnection, _) => Self::Everything,
            _ => Self::Nothing,
        }
    }
}

/// Returns the name of a key. If the name is not UTF-8, it is the key of no config, and any other
/// name will do.
fn name(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => Some(std::str::from_utf8(bytes).unwrap_or_default()),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use redis::{PushInfo, PushKind, Value};

    use super::Invalidated;

    fn pushed(kind: PushKind, data: Vec<Value>) -> PushInfo {
        PushInfo { kind, data }
    }

    fn key(name: &[u8]) -> Value {
        Value::BulkString(name.to_vec())
    }

    #[test]
    fn r2_a_push_makes_old_the_keys_that_it_names_or_all() {
        use Invalidated::{Everything, Keys, Nothing};
        let invalidate = || PushKind::Invalidate;
        for (push, invalidated) in [
            (
                pushed(invalidate(), vec![Value::Array(vec![key(b"a"), key(b"b")])]),
                Keys(vec!["a", "b"]),
            ),
            (
                pushed(invalidate(), vec![Value::Array(vec![key(b"\xff")])]),
                Keys(vec![""]),
            ),
            (
                pushed(invalidate(), vec![Value::Array(vec![])]),
                Keys(vec![]),
            ),
            (pushed(invalidate(), vec![Value::Nil]), Everything),
            (pushed(invalidate(), vec![]), Everything),
            (
                pushed(invalidate(), vec![Value::Array(vec![Value::Int(1)])]),
                Everything,
            ),
            (pushed(PushKind::Disconnection, vec![]), Everything),
            (pushed(PushKind::Message, vec![key(b"a")]), Nothing),
        ] {
            assert_eq!(Invalidated::by(&push), invalidated, "{push:?}");
        }
    }
}
