use self::inner::private_import;
pub use other::other_crate;
pub use self::inner::{missing, needs_private};
pub use self::turning as turned;
pub use self::turned as turning;
pub use crate::nowhere::misspelt;

mod inner {
    use redis_components::Connection;

    pub struct Private;

    pub async fn private_import(conn: &mut Connection) {}

    pub async fn needs_private(conn: &mut Connection, value: Private) {}
}
