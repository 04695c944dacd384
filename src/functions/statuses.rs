//! Status messages (*Redis in Action*, 8.1.2, and 11.1.2 in Lua).
//!
//! `status:id:` counts ids. `status:<id>` is a hash with `message`, `posted`, `id`, `uid`, `login`
//! and the poster's own fields. The functions read and count in `user:<uid>`, so that this
//! component has to be on the server of `users`.

use std::collections::HashMap;
use std::sync::LazyLock;

use redis::{AsyncCommands, RedisResult, Script};
use redis_components::Connection;

use super::clock::unix_time;
use super::fields::Fields;

/// A status message.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The number that it got when it was posted.
    pub id: u64,
    /// The id of the user who posted it.
    pub uid: u64,
    /// The login of the user at that time.
    pub login: String,
    /// Its text.
    pub message: String,
    /// When it was posted, in seconds since 1970.
    pub posted: f64,
    /// The poster's own fields.
    pub extra: HashMap<String, String>,
}

/// Posts a status with the poster's own fields, and returns its id; `None` if there is no such
/// user.
///
/// Two round trips; O(1). An unknown user uses up an id too. A user who is deleted between the two
/// round trips leaves a status behind. [`create_status_lua`] avoids both.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn create_status(
    conn: &mut Connection,
    uid: u64,
    message: &str,
    extra: &[(&str, &str)],
) -> RedisResult<Option<u64>> {
    let user = user_key(uid);
    let mut pipeline = redis::pipe();
    pipeline.atomic().hget(&user, "login").incr("status:id:", 1);
    let (login, id): (Option<String>, u64) = pipeline.query_async(conn).await?;
    let Some(login) = login else {
        return Ok(None);
    };
    let status = key(id);
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    // The poster's fields first, so that they cannot replace the fields below.
    if !extra.is_empty() {
        pipeline.hset_multiple(&status, extra).ignore();
    }
    let texts = [("message", message), ("login", &login)];
    pipeline.hset_multiple(&status, &texts).ignore();
    let numbers = [("id", id), ("uid", uid)];
    pipeline.hset_multiple(&status, &numbers).ignore();
    pipeline.hset(&status, "posted", unix_time()).ignore();
    pipeline.hincr(&user, "posts", 1).ignore();
    pipeline.exec_async(conn).await?;
    Ok(Some(id))
}

/// Does the same as [`create_status`] in Lua: one round trip, and atomic.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn create_status_lua(
    conn: &mut Connection,
    uid: u64,
    message: &str,
    extra: &[(&str, &str)],
) -> RedisResult<Option<u64>> {
    let mut create = CREATE.key(user_key(uid));
    create.key("status:id:");
    for (name, value) in extra {
        create.arg(*name).arg(*value);
    }
    create.arg("message").arg(message).arg("uid").arg(uid);
    create.arg("posted").arg(unix_time());
    create.invoke_async(conn).await
}

/// Returns a status by id; `None` if there is none.
///
/// One round trip; O(f) for f fields.
///
/// # Errors
///
/// Returns an error if Redis refuses the command, the connection fails, or the hash is not a
/// status.
pub async fn get_status(conn: &mut Connection, id: u64) -> RedisResult<Option<Status>> {
    let mut fields: Fields = conn.hgetall(key(id)).await?;
    if fields.is_empty() {
        return Ok(None);
    }
    Ok(Some(Status {
        id: fields.number("id")?,
        uid: fields.number("uid")?,
        login: fields.text("login"),
        message: fields.text("message"),
        posted: fields.number("posted")?,
        extra: fields.rest(),
    }))
}

fn key(id: u64) -> String {
    format!("status:{id}")
}

fn user_key(uid: u64) -> String {
    format!("user:{uid}")
}

static CREATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local login = redis.call('HGET', KEYS[1], 'login')
if not login then
    return false
end
local id = redis.call('INCR', KEYS[2])
local status = 'status:' .. id
for i = 1, #ARGV, 2 do
    redis.call('HSET', status, ARGV[i], ARGV[i + 1])
end
redis.call('HSET', status, 'login', login)
redis.call('HSET', status, 'id', id)
redis.call('HINCRBY', KEYS[1], 'posts', 1)
return id
",
    )
});
