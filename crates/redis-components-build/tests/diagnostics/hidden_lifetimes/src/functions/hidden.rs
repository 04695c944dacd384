use redis::{AsyncIter, RedisResult};
use redis_components::Connection;
use std::borrow::Cow;

pub struct Rows<'a>(&'a mut Connection);

pub struct Owned(u8);

pub async fn iterator(conn: &mut Connection) -> RedisResult<AsyncIter<String>> {}

pub async fn local(conn: &mut Connection) -> Rows {}

pub async fn cow(conn: &mut Connection) -> Option<Cow<str>> {}

pub async fn told<'c>(conn: &'c mut Connection) -> self::Rows<'c> {}

pub async fn none(conn: &mut Connection) -> Owned {}
