//! A market for things that players own (*Redis in Action*, 4.4 and 11.3.2), in Lua.
//!
//! `inventory:<user>` is the set of what a user owns, `users:<user>` a hash with `funds`, and `market:` the sorted set of
//! what is offered, `<item>.<seller>` by price.

use std::sync::LazyLock;

use redis::{AsyncCommands, RedisResult, Script, from_redis_value};
use redis_components::Connection;

/// What became of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purchase {
    /// The buyer has the thing, and the seller the money.
    Done,
    /// It is not offered, or not any more.
    NotOffered,
    /// It costs something else by now.
    PriceChanged,
    /// The buyer has not got that much.
    TooExpensive,
}

/// Offers a thing for sale, and tells whether the seller had it: it goes from the inventory to the market.
///
/// One round trip; O(log o) for o offers. In one piece: a thing cannot be offered twice.
///
/// # Errors
///
/// What Redis answers.
pub async fn list_item(
    conn: &mut Connection,
    item: &str,
    seller: &str,
    price: u64,
) -> RedisResult<bool> {
    let mut list = LIST.key(inventory(seller));
    list.key("market:");
    list.arg(item).arg(offer(item, seller)).arg(price);
    list.invoke_async(conn).await
}

/// Buys a thing at the price that the buyer has seen.
///
/// One round trip; O(log o) for o offers. In one piece: of several buyers at once one gets the thing, and nobody's money
/// is spent twice.
///
/// # Errors
///
/// What Redis answers.
pub async fn purchase_item(
    conn: &mut Connection,
    buyer: &str,
    item: &str,
    seller: &str,
    price: u64,
) -> RedisResult<Purchase> {
    let mut purchase = PURCHASE.key("market:");
    purchase
        .key(user(buyer))
        .key(user(seller))
        .key(inventory(buyer));
    purchase.arg(item).arg(offer(item, seller)).arg(price);
    let outcome: redis::Value = purchase.invoke_async(conn).await?;
    Ok(match from_redis_value::<i64>(outcome)? {
        0 => Purchase::Done,
        1 => Purchase::NotOffered,
        2 => Purchase::PriceChanged,
        _ => Purchase::TooExpensive,
    })
}

/// What a user offers a thing for; `None` where it is not offered.
///
/// One round trip; O(1).
///
/// # Errors
///
/// What Redis answers.
pub async fn get_price(
    conn: &mut Connection,
    item: &str,
    seller: &str,
) -> RedisResult<Option<u64>> {
    let price: Option<f64> = conn.zscore("market:", offer(item, seller)).await?;
    // Written from a whole number, and exact up to 2^53.
    Ok(price.map(|price| price as u64))
}

fn inventory(user: &str) -> String {
    format!("inventory:{user}")
}

fn user(user: &str) -> String {
    format!("users:{user}")
}

fn offer(item: &str, seller: &str) -> String {
    format!("{item}.{seller}")
}

static LIST: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('SREM', KEYS[1], ARGV[1]) == 0 then
    return 0
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
return 1
",
    )
});

static PURCHASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local market, buyer, seller, inventory = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local item, offer, price = ARGV[1], ARGV[2], ARGV[3]
local current = redis.call('ZSCORE', market, offer)
if not current then
    return 1
end
if tonumber(current) ~= tonumber(price) then
    return 2
end
if tonumber(redis.call('HGET', buyer, 'funds') or 0) < tonumber(price) then
    return 3
end
redis.call('HINCRBY', seller, 'funds', price)
redis.call('HINCRBY', buyer, 'funds', -tonumber(price))
redis.call('SADD', inventory, item)
redis.call('ZREM', market, offer)
return 0
",
    )
});
