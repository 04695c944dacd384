//! Articles with votes, in groups (*Redis in Action*, 1.3).
//!
//! - `article:` counts articles; `article:<id>` is a hash with `title`, `link`, `poster`, `time`
//!   and `votes`.
//! - `score:` and `time:` are sorted sets of all articles; `group:<group>` is the set of a group's
//!   articles.
//! - `voted:<id>` is the set of users who have voted, kept for a week.
//! - `score:<group>` and `time:<group>` are a group's articles in order, kept for a minute.

use std::sync::LazyLock;

use redis::{AsyncCommands, RedisResult, Script};
use redis_components::Connection;

use super::clock::unix_time;
use super::fields::Fields;

/// The score that a vote adds to an article: with 200 votes an article stays on the first page for
/// one more day.
pub const VOTE_SCORE: f64 = 432.0;

/// How many seconds an article accepts votes.
pub const VOTING_SECONDS: i64 = 7 * 24 * 3600;

/// How many articles make a page.
pub const ARTICLES_PER_PAGE: usize = 25;

/// How many seconds a group's order is kept before it is computed again.
const GROUP_CACHE_SECONDS: u32 = 60;

/// An article as it was posted, and its votes.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    /// The number that it got when it was posted.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Its link.
    pub link: String,
    /// The user who posted it.
    pub poster: String,
    /// When it was posted, in seconds since 1970.
    pub time: f64,
    /// How many users have voted for it, the poster included.
    pub votes: u64,
}

/// The order of articles, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// By votes and age.
    Score,
    /// By age only.
    Time,
}

impl Order {
    fn key(self) -> &'static str {
        match self {
            Self::Score => "score:",
            Self::Time => "time:",
        }
    }
}

/// Posts an article with the poster's own vote, and returns its number.
///
/// Two round trips; O(log n) for n articles.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn post_article(
    conn: &mut Connection,
    user: &str,
    title: &str,
    link: &str,
) -> RedisResult<u64> {
    let id: u64 = conn.incr("article:", 1).await?;
    let (article, voted, now) = (key(id), format!("voted:{id}"), unix_time());
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    pipeline.sadd(&voted, user).ignore();
    pipeline.expire(&voted, VOTING_SECONDS).ignore();
    let fields = [("title", title), ("link", link), ("poster", user)];
    pipeline.hset_multiple(&article, &fields).ignore();
    pipeline.hset(&article, "time", now).ignore();
    pipeline.hset(&article, "votes", 1).ignore();
    pipeline.zadd("score:", &article, now + VOTE_SCORE).ignore();
    pipeline.zadd("time:", &article, now).ignore();
    pipeline.exec_async(conn).await?;
    Ok(id)
}

/// Votes for an article. Returns `true` if the vote counts.
///
/// A vote does not count if the user has voted for the article before. Neither does a vote for an
/// article that is older than a week or was never posted.
///
/// One round trip; O(log n) for n articles. The vote is atomic: of two concurrent votes of one
/// user, one counts.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn article_vote(conn: &mut Connection, user: &str, id: u64) -> RedisResult<bool> {
    let article = key(id);
    let mut vote = VOTE.key("time:");
    vote.key(format!("voted:{id}")).key("score:").key(&article);
    vote.arg(&article).arg(user);
    vote.arg(unix_time() - VOTING_SECONDS as f64)
        .arg(VOTE_SCORE);
    vote.invoke_async(conn).await
}

/// Returns a page of all articles; the first is page 1. A page after the last is empty.
///
/// Two round trips; O(log n + p) for n articles and p articles on a page.
///
/// # Errors
///
/// Returns an error if Redis refuses a command, the connection fails, or a hash is not an article.
pub async fn get_articles(
    conn: &mut Connection,
    page: usize,
    order: Order,
) -> RedisResult<Vec<Article>> {
    let (first, last) = ranks(page);
    let articles: Vec<String> = conn.zrevrange(order.key(), first, last).await?;
    read(conn, articles).await
}

/// Adds an article to groups and removes it from others.
///
/// One round trip; O(1) for each group. Pages of a group show the change after at most a minute.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn add_remove_groups(
    conn: &mut Connection,
    id: u64,
    to_add: &[&str],
    to_remove: &[&str],
) -> RedisResult<()> {
    let article = key(id);
    let mut pipeline = redis::pipe();
    for group in to_add {
        pipeline.sadd(format!("group:{group}"), &article).ignore();
    }
    for group in to_remove {
        pipeline.srem(format!("group:{group}"), &article).ignore();
    }
    if pipeline.is_empty() {
        return Ok(());
    }
    pipeline.atomic().exec_async(conn).await
}

/// Returns a page of a group's articles; the first is page 1. The page may be up to a minute old.
///
/// Two round trips; once a minute O(g log g) for g articles in the group, otherwise as
/// [`get_articles`]. One script computes and reads the order, so that it cannot expire in between.
///
/// # Errors
///
/// Returns an error if Redis refuses a command, the connection fails, or a hash is not an article.
pub async fn get_group_articles(
    conn: &mut Connection,
    group: &str,
    page: usize,
    order: Order,
) -> RedisResult<Vec<Article>> {
    let (first, last) = ranks(page);
    let mut pages = GROUP_PAGE.key(format!("{}{group}", order.key()));
    pages.key(format!("group:{group}")).key(order.key());
    pages.arg(GROUP_CACHE_SECONDS).arg(first).arg(last);
    let articles: Vec<String> = pages.invoke_async(conn).await?;
    read(conn, articles).await
}

async fn read(conn: &mut Connection, articles: Vec<String>) -> RedisResult<Vec<Article>> {
    if articles.is_empty() {
        return Ok(Vec::new());
    }
    let mut pipeline = redis::pipe();
    for article in &articles {
        pipeline.hgetall(article);
    }
    let hashes: Vec<Fields> = pipeline.query_async(conn).await?;
    // Skips articles that were deleted between the two reads.
    let found = articles
        .iter()
        .zip(hashes)
        .filter(|(_, hash)| !hash.is_empty());
    found.map(|(article, hash)| parse(article, hash)).collect()
}

fn parse(article: &str, mut fields: Fields) -> RedisResult<Article> {
    let id = article.rsplit(':').next().and_then(|id| id.parse().ok());
    Ok(Article {
        id: id.unwrap_or_default(),
        title: fields.text("title"),
        link: fields.text("link"),
        poster: fields.text("poster"),
        time: fields.number("time")?,
        votes: fields.number("votes")?,
    })
}

fn key(id: u64) -> String {
    format!("article:{id}")
}

fn ranks(page: usize) -> (isize, isize) {
    let first = page.saturating_sub(1).saturating_mul(ARTICLES_PER_PAGE);
    let first = isize::try_from(first).unwrap_or(isize::MAX);
    (first, first.saturating_add(ARTICLES_PER_PAGE as isize - 1))
}

static VOTE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local posted = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not posted or tonumber(posted) < tonumber(ARGV[3]) then
    return 0
end
if redis.call('SADD', KEYS[2], ARGV[2]) == 0 then
    return 0
end
redis.call('ZINCRBY', KEYS[3], ARGV[4], ARGV[1])
redis.call('HINCRBY', KEYS[4], 'votes', 1)
return 1
",
    )
});

static GROUP_PAGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('ZINTERSTORE', KEYS[1], 2, KEYS[2], KEYS[3], 'AGGREGATE', 'MAX')
    redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return redis.call('ZREVRANGE', KEYS[1], ARGV[2], ARGV[3])
",
    )
});
