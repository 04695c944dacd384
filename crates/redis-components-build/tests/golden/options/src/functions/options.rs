//! Functions of which the manifest says more than their names.

use redis::RedisResult;
use redis_components::{Connection, Error};

/// An alias from elsewhere, whose name does not tell.
pub use self::elsewhere::{Answer, ThirdPartyResult};

/// What is not seen here.
pub mod elsewhere {
    /// Hides a result.
    pub type Answer = Result<u8, redis_components::Error>;
    /// Is none.
    #[derive(Debug)]
    pub struct ThirdPartyResult;
}

/// Hides a result, in the file.
pub type Reply<T> = RedisResult<T>;

type Count = self::Reply<u64>;

/// Is none, for all its name.
#[derive(Debug)]
pub struct SearchResult;

/// A result, the manifest says.
pub async fn told(conn: &mut Connection) -> Answer {
    let _ = conn;
    Ok(1)
}

/// Without options.
pub async fn plain(conn: &mut Connection) -> Result<(), Error> {
    let _ = conn;
    Ok(())
}

/// No result, the manifest says.
pub async fn value(conn: &mut Connection) -> ThirdPartyResult {
    let _ = conn;
    ThirdPartyResult
}

/// A raw name.
pub async fn r#match(conn: &mut Connection) {
    let _ = conn;
}

/// An alias of the file.
pub async fn aliased(conn: &mut Connection) -> Reply<Vec<u8>> {
    let _ = conn;
    Ok(Vec::new())
}

/// A type of the file.
pub async fn search(conn: &mut Connection) -> SearchResult {
    let _ = conn;
    SearchResult
}

/// An alias of an alias, and private.
pub async fn counted(conn: &mut Connection) -> Count {
    let _ = conn;
    Ok(1)
}
