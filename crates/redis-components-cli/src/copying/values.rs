//! Whether two servers have the same under a key, when they write it otherwise in `DUMP`: elements may
//! stand in another order, or be packed in another way.

use redis::{FromRedisValue, Pipeline, Value};

use crate::failure::Failure;
use crate::moving::servers::link::Link;

/// How many elements are read at once.
const ELEMENTS: usize = 1000;

/// Two servers with the same key.
pub(super) struct Pair<'a> {
    pub(super) source: &'a Link,
    pub(super) target: &'a Link,
    pub(super) key: &'a [u8],
}

impl Pair<'_> {
    /// Returns `true` if both have the same. Types that are not known count as different.
    ///
    /// # Errors
    ///
    /// Returns an error if a server does not answer.
    pub(super) async fn is_same(&self) -> Result<bool, Failure> {
        let (kind, other): (String, String) = (
            ask(self.source, &[b"TYPE", self.key]).await?,
            ask(self.target, &[b"TYPE", self.key]).await?,
        );
        if kind != other {
            return Ok(false);
        }
        match &*kind {
            "string" => self.same(&[b"GET", self.key]).await,
            "list" => self.same_ranges("LLEN", "LRANGE", &[]).await,
            "zset" => self.same_ranges("ZCARD", "ZRANGE", &[b"WITHSCORES"]).await,
            "set" => self.same_elements("SCARD", "SSCAN", "SMISMEMBER").await,
            "hash" => self.same_elements("HLEN", "HSCAN", "HMGET").await,
            "stream" => self.same_streams().await,
            _ => Ok(false),
        }
    }

    /// Returns `true` if both give the same answer.
    async fn same(&self, words: &[&[u8]]) -> Result<bool, Failure> {
        let here: Value = ask(self.source, words).await?;
        Ok(here == ask(self.target, words).await?)
    }

    async fn same_ranges(&self, count: &str, range: &str, more: &[&[u8]]) -> Result<bool, Failure> {
        let words = [count.as_bytes(), self.key];
        if !self.same(&words).await? {
            return Ok(false);
        }
        let count: usize = ask(self.source, &words).await?;
        for first in (0..count).step_by(ELEMENTS) {
            let (begin, end) = (first.to_string(), (first + ELEMENTS - 1).to_string());
            let words = [range.as_bytes(), self.key, begin.as_bytes(), end.as_bytes()];
            if !self.same(&[&words[..], more].concat()).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Both have the same number of elements, and the target has each that the source has.
    async fn same_elements(&self, count: &str, scan: &str, find: &str) -> Result<bool, Failure> {
        if !self.same(&[count.as_bytes(), self.key]).await? {
            return Ok(false);
        }
        let has_values = scan == "HSCAN";
        let (mut cursor, elements) = ("0".to_owned(), ELEMENTS.to_string());
        loop {
            let words = [
                scan.as_bytes(),
                self.key,
                cursor.as_bytes(),
                b"COUNT",
                elements.as_bytes(),
            ];
            let (next, found): (String, Vec<Vec<u8>>) = ask(self.source, &words).await?;
            let (names, values): (Vec<&[u8]>, Vec<Value>) = if has_values {
                let pairs = found.chunks_exact(2);
                let pair = |pair: &'_ [Vec<u8>]| Value::BulkString(pair[1].clone());
                (
                    found.iter().step_by(2).map(Vec::as_slice).collect(),
                    pairs.map(pair).collect(),
                )
            } else {
                let names: Vec<_> = found.iter().map(Vec::as_slice).collect();
                let values = vec![Value::Int(1); names.len()];
                (names, values)
            };
            if !names.is_empty() {
                let words = [&[find.as_bytes(), self.key][..], &names].concat();
                let there: Value = ask(self.target, &words).await?;
                if there != Value::Array(values) {
                    return Ok(false);
                }
            }
            if next == "0" {
                return Ok(true);
            }
            cursor = next;
        }
    }

    async fn same_streams(&self) -> Result<bool, Failure> {
        for words in [[b"XLEN", self.key], [b"XINFO", b"GROUPS"]] {
            let words = if words[0] == b"XINFO" {
                vec![words[0], words[1], self.key]
            } else {
                words.to_vec()
            };
            if !self.same(&words).await? {
                return Ok(false);
            }
        }
        let (mut from, elements) = ("-".to_owned(), ELEMENTS.to_string());
        loop {
            let words: [&[u8]; 6] = [
                b"XRANGE",
                self.key,
                from.as_bytes(),
                b"+",
                b"COUNT",
                elements.as_bytes(),
            ];
            let here: Vec<(String, Value)> = ask(self.source, &words).await?;
            let there: Vec<(String, Value)> = ask(self.target, &words).await?;
            if here != there {
                return Ok(false);
            }
            match here.last() {
                Some((last, _)) if here.len() == ELEMENTS => from = format!("({last}"),
                _ => return Ok(true),
            }
        }
    }
}

async fn ask<T: FromRedisValue>(link: &Link, words: &[&[u8]]) -> Result<T, Failure> {
    let mut pipeline = Pipeline::new();
    let mut command = redis::Cmd::new();
    command.arg(words);
    pipeline.add_command(command);
    let (answer,) = link.send_all(&pipeline).await?;
    Ok(answer)
}
