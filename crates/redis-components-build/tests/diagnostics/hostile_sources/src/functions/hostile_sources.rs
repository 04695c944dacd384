use redis_components::Connection;

/// ‮esrever "; pub fn evil() {} //
pub unsafe fn unprintable(conn: &mut Connection, résumé: &str, /* ‮ */ more: u8) {}
	pub fn	missng(conn: &mut Connection) {}
