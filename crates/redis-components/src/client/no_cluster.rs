//! Stands in for `cluster` in a build without the feature `cluster`: there are no clients of one,
//! so nothing here can ever run but the refusals to open them.

use crate::transport::failure::{Cause, Failure};

fn not_built() -> Failure {
    let what = "it is a cluster; build redis-components with its feature `cluster`";
    Failure::new(Cause::Local, what)
}

pub(crate) mod asynchronous {
    use std::sync::Arc;

    use redis::{Cmd, Pipeline, RedisResult, Value};

    use super::dedicated::{Course, Place, Retry};
    use crate::client::lines::Lines;
    use crate::client::multiplexed::Multiplexed;
    use crate::client::multiplexed::socket::Socket;
    use crate::client::opening::Opening;
    use crate::config::endpoint::Address;
    use crate::error::Error;
    use crate::transport::failure::Failure;

    #[derive(Debug)]
    pub(crate) enum ClusterClient {}

    pub(crate) type Stays<'a> = &'a (dyn Fn() -> bool + Sync);

    impl ClusterClient {
        #[expect(clippy::unused_async, reason = "clients of clusters wait here")]
        pub(crate) async fn open(_: &Opening) -> Result<Self, Failure> {
            Err(super::not_built())
        }

        pub(crate) async fn send(&self, _: &Cmd, _: Stays<'_>) -> RedisResult<Value> {
            match *self {}
        }

        pub(crate) async fn send_all(
            &self,
            _: &Pipeline,
            _: usize,
            _: usize,
            _: Stays<'_>,
        ) -> RedisResult<Vec<Value>> {
            match *self {}
        }

        pub(crate) async fn home(&self) -> Result<Arc<Multiplexed>, Error> {
            match *self {}
        }

        pub(crate) fn has(&self, _: &Address) -> bool {
            match *self {}
        }

        pub(crate) async fn place(&self, _: &Cmd) -> RedisResult<Place> {
            match *self {}
        }

        pub(crate) async fn send_all_over(
            &self,
            _: &mut impl Lines,
            _: &Pipeline,
            _: usize,
            _: usize,
        ) -> RedisResult<Vec<Value>> {
            match *self {}
        }

        pub(crate) async fn retry(
            &self,
            _: &mut Course,
            _: &Multiplexed,
            _: &Cmd,
            _: &Value,
        ) -> Option<Retry> {
            match *self {}
        }

        pub(crate) fn about(&self, _: Error) -> Error {
            match *self {}
        }

        pub(crate) fn is_closed(&self) -> bool {
            match *self {}
        }

        pub(crate) fn is_of_this_process(&self) -> bool {
            match *self {}
        }

        pub(crate) fn problem(&self) -> Option<String> {
            match *self {}
        }

        pub(crate) fn nodes(&self) -> Vec<String> {
            match *self {}
        }

        pub(crate) fn sockets(&self) -> Vec<Arc<Socket>> {
            match *self {}
        }
    }
}

pub(crate) mod blocking {
    use crate::client::opening::Opening;
    use crate::error::Error;
    use crate::transport::failure::Failure;

    #[derive(Debug)]
    pub(crate) enum ClusterPools {}

    impl ClusterPools {
        pub(crate) fn open(_: &Opening) -> Result<Self, Failure> {
            Err(super::not_built())
        }

        pub(crate) fn about(&self, _: Error) -> Error {
            match *self {}
        }

        pub(crate) fn is_closed(&self) -> bool {
            match *self {}
        }

        pub(crate) fn problem(&self) -> Option<String> {
            match *self {}
        }

        #[cfg(feature = "metrics")]
        pub(crate) fn pool_use(&self) -> crate::telemetry::gauges::PoolUse {
            match *self {}
        }

        pub(crate) fn nodes(&self) -> Vec<String> {
            match *self {}
        }
    }
}

pub(crate) mod dedicated {
    use std::sync::Arc;

    use crate::client::multiplexed::Multiplexed;

    /// Where a dedicated command goes. Only a cluster has more than one server.
    #[allow(dead_code, reason = "only clients of clusters make the others")]
    pub(crate) enum Place {
        At(Arc<Multiplexed>),
        Anywhere(Arc<Multiplexed>),
        Shared,
        Session,
    }

    #[allow(dead_code, reason = "only clients of clusters make them")]
    pub(crate) enum Retry {
        Again,
        Asking(Arc<Multiplexed>),
    }

    pub(crate) struct Course;

    impl Course {
        pub(crate) fn begin() -> Self {
            Self
        }
    }
}

pub(crate) mod lease {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::Duration;

    use redis::{Cmd, RedisResult, Value};

    use super::blocking::ClusterPools;
    use crate::client::blocking::session::Waits;
    use crate::client::moves::Moves;

    /// Never made, because there are no pools to make it from.
    pub(crate) struct ClusterLease(Infallible);

    impl ClusterLease {
        pub(crate) fn new(
            pools: &Arc<ClusterPools>,
            _: Option<Arc<dyn Moves>>,
            _: Option<Duration>,
        ) -> Self {
            match **pools {}
        }

        pub(crate) fn send(&mut self, _: &Cmd) -> RedisResult<Value> {
            match self.0 {}
        }

        pub(crate) fn request(&mut self, _: &[u8]) -> RedisResult<Value> {
            match self.0 {}
        }

        pub(crate) fn requests(&mut self, _: &[u8], _: usize, _: usize) -> RedisResult<Vec<Value>> {
            match self.0 {}
        }

        pub(crate) fn send_only(&mut self, _: &Cmd) -> RedisResult<Value> {
            match self.0 {}
        }

        pub(crate) fn wait_for(&mut self, _: &Cmd, _: bool) -> RedisResult<Value> {
            match self.0 {}
        }

        pub(crate) fn wait_of<'a>(&self, _: &'a [u8]) -> Option<Waits<'a>> {
            match self.0 {}
        }

        pub(crate) fn is_member(&self) -> bool {
            match self.0 {}
        }

        pub(crate) fn is_clean(&self) -> bool {
            match self.0 {}
        }

        pub(crate) fn is_open(&self) -> bool {
            match self.0 {}
        }
    }
}

pub(crate) mod maps {
    #[derive(Debug, Default)]
    pub(crate) struct ClusterMaps;
}

pub(crate) mod route {
    use redis::Cmd;

    use crate::client::commands::name;
    use crate::error::{Error, ErrorKind};

    pub(crate) fn needs_session(command: &Cmd) -> Error {
        let text = format!(
            "`{}` belongs to a session; use `WATCH` first",
            name(command)
        );
        Error::new(ErrorKind::NeedsSingleServer, text)
    }
}

pub(crate) mod transaction {
    use redis::{ErrorKind, RedisError, ServerErrorKind};

    pub(crate) fn cross_slot() -> RedisError {
        let kind = ErrorKind::Server(ServerErrorKind::CrossSlot);
        (kind, "the keys of a transaction must be of one server").into()
    }
}
