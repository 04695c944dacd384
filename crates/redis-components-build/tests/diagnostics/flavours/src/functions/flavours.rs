use redis::aio::{self, ConnectionLike};
use redis_components::{blocking, Connection};

type Mine = aio::MultiplexedConnection;

pub async fn blocking(conn: &mut blocking::Connection) {}

pub async fn raw(conn: &mut redis::Connection) {}

pub async fn commands(conn: &mut impl redis::Commands) {}

pub async fn clause<C>(conn: &mut C, key: &str) where C: redis::ConnectionLike {}

pub fn sync(conn: &mut Connection) {}

pub fn generic<C: ConnectionLike + Send>(conn: C) {}

pub fn aliased(conn: &mut Mine) {}

pub fn multiplexed(conn: ::redis::aio::MultiplexedConnection) -> u8 {}

pub fn subscriber(conn: &mut aio::PubSub) {}

pub fn fine(conn: &mut dyn redis::ConnectionLike) {}

pub fn unknown(conn: &mut crate::Connection) {}
