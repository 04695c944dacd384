use redis_components::Connection;

use crate::store::model::Item;

/// Called from inside of the store.
#[allow(clippy::unused_async)]
pub async fn put(conn: &mut Connection, item: Item) {
    let _ = (conn, item);
}
