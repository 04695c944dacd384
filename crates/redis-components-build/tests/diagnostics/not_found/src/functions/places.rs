use crate::elsewhere::imported;
use redis_components::Connection;

async fn private(conn: &mut Connection) {}

pub(super) async fn in_parent(conn: &mut Connection) {}

pub struct Struct;

impl Struct {
    pub async fn in_impl(conn: &mut Connection) {}
}

pub mod inner {
    pub async fn in_module(conn: &mut Connection) {}
}

pub async fn similar(conn: &mut Connection) {}
