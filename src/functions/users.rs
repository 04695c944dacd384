//! Users (*Redis in Action*, 8.1.1).
//!
//! `users:` is the hash from login (in lower case) to id. `user:id:` counts ids. `user:<id>` is a
//! hash with `login`, `id`, `name`, `followers`, `following`, `posts` and `signup`.

use std::time::Duration;

use redis::{AsyncCommands, RedisResult};
use redis_components::Connection;

use super::clock::unix_time;
use super::fields::Fields;
use super::locks::{acquire_lock_with_timeout, release_lock};

/// How long another sign-up may lock a login before the login counts as taken.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
/// Far longer than the commands under the lock can take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The number that the user got at sign-up.
    pub id: u64,
    /// The login as typed at sign-up.
    pub login: String,
    /// The name that the user has chosen.
    pub name: String,
    /// How many users follow this user.
    pub followers: u64,
    /// How many users this user follows.
    pub following: u64,
    /// How many statuses this user has posted.
    pub posts: u64,
    /// When the user signed up, in seconds since 1970.
    pub signup: f64,
}

/// Creates a user, and returns the id. Returns `None` if the login is taken, in whatever case, or
/// another sign-up is taking it.
///
/// A lock on the login (`lock:user:<login>`) lets one of several concurrent sign-ups win. Five
/// round trips; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails. The login is free again
/// after ten seconds.
pub async fn create_user(
    conn: &mut Connection,
    login: &str,
    name: &str,
) -> RedisResult<Option<u64>> {
    let lower = login.to_lowercase();
    let lock = format!("user:{lower}");
    let lock = acquire_lock_with_timeout(conn, &lock, ACQUIRE_TIMEOUT, LOCK_TIMEOUT).await?;
    let Some(lock) = lock else {
        return Ok(None);
    };
    let created = create_unless_taken(conn, &lower, login, name).await?;
    release_lock(conn, &lock).await?;
    Ok(created)
}

/// Returns a user by id; `None` if there is none.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses the command, the connection fails, or the hash is not a user.
pub async fn get_user(conn: &mut Connection, id: u64) -> RedisResult<Option<User>> {
    let mut fields: Fields = conn.hgetall(key(id)).await?;
    if fields.is_empty() {
        return Ok(None);
    }
    Ok(Some(User {
        id: fields.number("id")?,
        login: fields.text("login"),
        name: fields.text("name"),
        followers: fields.number("followers")?,
        following: fields.number("following")?,
        posts: fields.number("posts")?,
        signup: fields.number("signup")?,
    }))
}

async fn create_unless_taken(
    conn: &mut Connection,
    lower: &str,
    login: &str,
    name: &str,
) -> RedisResult<Option<u64>> {
    if conn.hexists("users:", lower).await? {
        return Ok(None);
    }
    let id: u64 = conn.incr("user:id:", 1).await?;
    let key = key(id);
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    pipeline.hset("users:", lower, id).ignore();
    let names = [("login", login), ("name", name)];
    pipeline.hset_multiple(&key, &names).ignore();
    let numbers = [("id", id), ("followers", 0), ("following", 0), ("posts", 0)];
    pipeline.hset_multiple(&key, &numbers).ignore();
    pipeline.hset(&key, "signup", unix_time()).ignore();
    pipeline.exec_async(conn).await?;
    Ok(Some(id))
}

fn key(id: u64) -> String {
    format!("user:{id}")
}
