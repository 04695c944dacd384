//! A market for items that players own (*Redis in Action*, 4.4 with WATCH, 11.3.2 in Lua).
//!
//! `inventory:<user>` is the set of a user's items, and `users:<user>` is a hash with `funds`.
//! `market:` is the sorted set of all offers: `<item>.<seller>` by price.

use std::sync::LazyLock;

use redis::{AsyncCommands, RedisResult, Script, from_redis_value};
use redis_components::Connection;

/// The outcome of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purchase {
    /// The buyer has the item, and the seller has the money.
    Done,
    /// The item is not on offer, or no longer.
    NotOffered,
    /// The item has another price by now.
    PriceChanged,
    /// The buyer has too little money.
    TooExpensive,
}

/// Offers an item for sale: moves it from the seller's inventory to the market. Returns `true` if
/// the seller had the item.
///
/// One round trip; O(log o) for o offers. The move is atomic: an item cannot be offered twice.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
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

/// Buys an item at the price that the buyer has seen.
///
/// One round trip; O(log o) for o offers. The purchase is atomic: of several concurrent buyers one
/// gets the item, and no money is spent twice.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
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

/// Does the same as [`purchase_item`] without Lua.
///
/// It uses WATCH, and MULTI with EXEC. EXEC does nothing if the market or the buyer's money has
/// changed in between; the function then tries again.
///
/// Three round trips for each attempt; O(log o) for o offers. WATCH and EXEC concern a whole
/// connection, so that each call needs its own: the manifest says `connection = "dedicated"`.
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn purchase_item_watch(
    conn: &mut Connection,
    buyer: &str,
    item: &str,
    seller: &str,
    price: u64,
) -> RedisResult<Purchase> {
    let (offer, funds) = (offer(item, seller), user(buyer));
    loop {
        let mut watch = redis::cmd("WATCH");
        watch.arg("market:").arg(&funds).exec_async(conn).await?;
        let mut look = redis::pipe();
        look.zscore("market:", &offer).hget(&funds, "funds");
        let (asked, has): (Option<f64>, Option<i128>) = look.query_async(conn).await?;
        let refused = match asked {
            None => Some(Purchase::NotOffered),
            Some(asked) if asked != price as f64 => Some(Purchase::PriceChanged),
            Some(_) if has.unwrap_or(0) < price.into() => Some(Purchase::TooExpensive),
            Some(_) => None,
        };
        if let Some(refused) = refused {
            redis::cmd("UNWATCH").exec_async(conn).await?;
            return Ok(refused);
        }
        let mut trade = redis::pipe();
        trade.atomic();
        trade.hincr(user(seller), "funds", price).ignore();
        trade
            .cmd("HINCRBY")
            .arg(&funds)
            .arg("funds")
            .arg(format!("-{price}"))
            .ignore();
        trade.sadd(inventory(buyer), item).ignore();
        trade.zrem("market:", &offer).ignore();
        let done: Option<()> = trade.query_async(conn).await?;
        if done.is_some() {
            return Ok(Purchase::Done);
        }
    }
}

/// Returns a user's price for an item; `None` if it is not on offer.
///
/// One round trip; O(1).
///
/// # Errors
///
/// Returns an error if Redis refuses a command or the connection fails.
pub async fn get_price(
    conn: &mut Connection,
    item: &str,
    seller: &str,
) -> RedisResult<Option<u64>> {
    let price: Option<f64> = conn.zscore("market:", offer(item, seller)).await?;
    // The score was a whole number, which is exact up to 2^53.
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
