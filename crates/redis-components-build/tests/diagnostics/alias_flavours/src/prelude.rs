pub(crate) use redis_components::blocking::Connection as Blocking;
pub(crate) type Conn<'a> = &'a mut redis_components::Connection;
pub(crate) type Cursor<'a> = redis::AsyncIter<'a, String>;
