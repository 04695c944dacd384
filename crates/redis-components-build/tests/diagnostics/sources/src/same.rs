pub fn read(conn: &mut redis_components::blocking::Connection) {}
