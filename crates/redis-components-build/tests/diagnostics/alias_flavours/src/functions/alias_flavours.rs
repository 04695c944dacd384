use crate::prelude::*;

pub async fn blocks(conn: &mut Blocking) {}

pub fn waits(conn: Conn<'_>) {}

pub async fn borrows<'c>(conn: Conn<'c>) -> Option<Cursor<'c>> { None }

pub async fn shares<'a>(conn: Conn<'a>, buffer: &'a mut Vec<&'a str>) {}
