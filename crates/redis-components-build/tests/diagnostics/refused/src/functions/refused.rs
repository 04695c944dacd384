use redis_components::{Connection, blocking};

pub async fn none() {}

pub async fn method(self, conn: &mut Connection) {}

pub unsafe fn unsafety(conn: &mut blocking::Connection) {}

pub const fn constant(conn: &mut blocking::Connection) {}

pub extern "C" fn external(conn: &mut blocking::Connection) {}

pub async fn conditional(#[cfg(unix)] conn: &mut Connection) {}

pub async fn text(key: &str, conn: &mut Connection) {}

pub async fn number(key: u64, conn: &mut Connection) {}

pub async fn forever(conn: &'static mut Connection) {}

pub async fn unstable(conn: &mut Connection, value: impl [const] Default) {}
