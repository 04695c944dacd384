//! The components by number.

use std::time::Duration;

use redis::RedisResult;
use redis_components::Component;

use crate::components::{brisk, patient, queue, strict};

/// How many components there are.
pub(crate) const COMPONENTS: usize = 4;

/// One of the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Patient,
    Brisk,
    Strict,
    Queue,
}

/// The count, the text and the server's name.
pub(crate) type Counted = (u64, String, String);

impl Which {
    pub(crate) const ALL: [Self; COMPONENTS] =
        [Self::Patient, Self::Brisk, Self::Strict, Self::Queue];

    pub(crate) fn component(self) -> &'static Component {
        match self {
            Self::Patient => &patient::COMPONENT,
            Self::Brisk => &brisk::COMPONENT,
            Self::Strict => &strict::COMPONENT,
            Self::Queue => &queue::COMPONENT,
        }
    }

    pub(crate) fn key(self) -> &'static str {
        self.component().key()
    }

    pub(crate) fn wait(self) -> Duration {
        self.component().wait()
    }

    pub(crate) async fn count(self, key: &str, text: &str) -> RedisResult<Counted> {
        match self {
            Self::Patient => patient::count(key, text).await,
            Self::Brisk => brisk::count(key, text).await,
            Self::Strict => strict::count(key, text).await,
            Self::Queue => queue::count(key, text).await,
        }
    }

    pub(crate) fn count_blocking(self, key: &str, text: &str) -> RedisResult<Counted> {
        match self {
            Self::Patient => patient::count_blocking(key, text),
            Self::Brisk => brisk::count_blocking(key, text),
            Self::Strict => strict::count_blocking(key, text),
            Self::Queue => queue::count_blocking(key, text),
        }
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.component().name())
    }
}
