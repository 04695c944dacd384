//! Articles with votes, in groups (*Redis in Action*, 1.3).
//!
//! - `article:` counts articles; `article:<id>` is a hash with `title`, `link`, `poster`, `time` and `votes`;
//! - `score:` and `time:` are sorted sets of all articles; `group:<group>` is the set of a group's;
//! - `voted:<id>` is the set of those who voted, for a week;
//! - `score:<group>` and `time:<group>` are a group's articles in order, kept for a minute.

use std::sync::LazyLock;

use redis::{AsyncCommands, RedisResult, Script};
use redis_components::Connection;

use super::clock::unix_time;
use super::fields::Fields;

/// What a vote adds to an article's score: with 200 votes an article stays on the first page for a day longer.
pub const VOTE_SCORE: f64 = 432.0;

/// How long an article can be voted for, in seconds.
pub const VOTING_SECONDS: i64 = 7 * 24 * 3600;

/// How many articles make a page.
pub const ARTICLES_PER_PAGE: usize = 25;

/// How long a group's order is kept before it is computed again, in seconds.
const GROUP_CACHE_SECONDS: u32 = 60;

/// An article as it was posted, and its votes.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    /// The number that it was given when it was posted.
    pub id: u64,
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub link: String,
    /// Who posted it.
    pub poster: String,
    /// When it was posted, in seconds since 1970.
    pub time: f64,
    /// How many have voted for it, the poster included.
    pub votes: u64,
}

/// By what articles are sorted, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// By votes and age.
    Score,
    /// By age alone.
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
/// What Redis answers.
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

/// Votes for an article, and tells whether the vote counts: not the second of a user, nor one for an article that is
/// older than a week or was never posted.
///
/// One round trip; O(log n) for n articles. In one piece, so that of two votes of one user at once one counts.
///
/// # Errors
///
/// What Redis answers.
pub async fn article_vote(conn: &mut Connection, user: &str, id: u64) -> RedisResult<bool> {
    let article = key(id);
    let mut vote = VOTE.key("time:");
    vote.key(format!("voted:{id}")).key("score:").key(&article);
    vote.arg(&article).arg(user);
    vote.arg(unix_time() - VOTING_SECONDS as f64)
        .arg(VOTE_SCORE);
    vote.invoke_async(conn).await
}

/// A page of all articles, the first being page 1; empty behind the last.
///
/// Two round trips; O(log n + p) for n articles of which p make a page.
///
/// # Errors
///
/// What Redis answers.
pub async fn get_articles(
    conn: &mut Connection,
    page: usize,
    order: Order,
) -> RedisResult<Vec<Article>> {
    let (first, last) = ranks(page);
    let articles: Vec<String> = conn.zrevrange(order.key(), first, last).await?;
    read(conn, articles).await
}

/// Puts an article into groups and takes it out of others.
///
/// One round trip; O(1) for each group. Pages of a group show it after at most a minute.
///
/// # Errors
///
/// What Redis answers.
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

/// A page of a group's articles, the first being page 1; as old as a minute.
///
/// Two round trips; O(g log g) for g articles in the group once a minute, else as [`get_articles`]. The order is computed
/// and read in one piece, so that it cannot expire in between.
///
/// # Errors
///
/// What Redis answers.
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
    // An article that somebody deleted in between is not there any more.
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
