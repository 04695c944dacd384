use redis_components::redis::RedisResult;

async fn call() -> RedisResult<()> {
    app::logs::log_recent("main", "User 235 logged in").await?;
    let _visits: u64 = app::visits::visits("home")?;
    Ok(())
}

/// Nobody waits for the calls: it is enough that they compile.
pub(crate) fn calls() {
    drop(call());
}
