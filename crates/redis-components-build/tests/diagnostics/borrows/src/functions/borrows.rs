use std::future::Future;
use std::pin::Pin;

use redis::RedisResult;
use redis_components::{Connection, blocking};

pub async fn elided(conn: &mut Connection) -> RedisResult<&str> {
    todo!()
}

pub async fn named<'c>(conn: &'c mut Connection, key: &str) -> RedisResult<&'c str> {
    todo!()
}

pub async fn outlived<'c: 'r, 'r>(conn: &'c mut Connection, key: &str) -> Option<&'r str> {
    todo!()
}

pub fn inside(conn: &mut blocking::Connection) -> RedisResult<redis::Iter<'_, String>> {
    todo!()
}

pub fn boxed(conn: &mut Connection) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
    todo!()
}

pub fn opaque(conn: &mut blocking::Connection) -> impl Iterator<Item = String> {
    std::iter::empty()
}

pub fn future(conn: Connection) -> impl Future<Output = ()> + Send {
    async {}
}

pub async fn opaque_error(conn: Connection) -> Result<(), impl std::error::Error> {
    Ok::<(), std::fmt::Error>(())
}

pub async fn undetermined<P>(conn: &mut Pooled<P>, key: &str) -> RedisResult<()> {
    Ok(())
}
