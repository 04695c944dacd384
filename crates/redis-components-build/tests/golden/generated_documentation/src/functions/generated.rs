//! The functions of one component.

use redis_components::Connection;
use redis_components::redis::RedisResult;

/// First.
#[doc = concat!("Second, ", "put together.")]
/// Third.
///
/// ```
/// let fourth = 4;
/// ```
#[doc = "Fifth."]
pub async fn ordered(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}

#[doc = concat!("From ", "a macro.")]
/** In a block,
 * in two lines. */
pub async fn begun(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}

/// Always.
#[cfg_attr(feature = "extra", doc = "Sometimes.")]
#[cfg_attr(feature = "extra", cfg_attr(unix, doc = concat!("Seldom", ".")))]
pub async fn conditional(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}

/// Is there, or is not.
#[cfg_attr(not(feature = "extra"), cfg(any()), inline)]
pub async fn chosen(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}

/// What is not copied takes nothing else along.
#[cfg_attr(all(), doc = "All of it.", inline, must_use = "it was asked for", cold)]
pub async fn mixed(_conn: &mut Connection) -> RedisResult<()> {
    Ok(())
}
