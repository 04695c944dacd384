use redis_components::Connection;

struct Hidden;

mod hidden {
    pub struct Inside;
}

pub async fn with_struct(conn: &mut Connection, hidden: Hidden) {}

pub async fn with_module(conn: &mut Connection, inside: hidden::Inside) {}
