macro_rules! pair_of {
    ($one:ty) => { ($one, $one) };
}
macro_rules! conn {
    () => { redis_components::Connection };
}

pub async fn with_macro(conn: &mut redis_components::Connection, pair: pair_of!(u8)) {}

pub async fn with_macro_of_connection(conn: &mut conn!()) {}

mod closed;
use self::closed::made_there;

pub async fn with_closed_macro(conn: &mut redis_components::Connection, pair: made_there!(u8)) {}

pub async fn with_closed_type(conn: &mut redis_components::Connection, one: self::closed::Made) {}
