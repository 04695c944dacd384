use redis_components::Connection;

pub mod one {
    pub async fn read(conn: &mut super::Connection) {}
}

pub mod two {
    pub async fn read(conn: &mut super::Connection) {}

    mod hidden {
        pub async fn once(conn: &mut super::super::Connection) {}
    }
}
