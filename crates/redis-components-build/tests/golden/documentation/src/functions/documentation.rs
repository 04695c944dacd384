//! Documentation in other forms.

use redis::RedisResult;
use redis_components::Connection;

/**
 * Has a column of stars.
 *
 * - one
 * - two
 */
pub async fn block(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}

/** Has no column of stars.

* one
* two */
pub async fn plain_block(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}

#[doc = concat!("Is put", " together.")]
pub async fn concatenated(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}

/// Has examples:
///
/// 1. ```
///    assert!(true);
///    ```
///
/// > ```
/// > assert!(true);
/// > ```
///
/// # Example
///     assert!(true);
pub async fn in_list(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}
