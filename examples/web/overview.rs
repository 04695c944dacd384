//! The data that the page shows.

use app::functions::articles::{Article, Order};
use app::functions::logs::Severity;
use axum::Json;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::observe::NAME;

/// The precision of the shown counter, in seconds.
const PRECISION: i64 = 5;
/// How many slices of the counter, and how many messages, the page shows.
const SHOWN: usize = 20;

pub(crate) async fn overview() -> Result<Json<Value>, Failure> {
    // At the same time, so that the page waits only for the slowest component.
    let (articles, logs, counter, slowest) = tokio::try_join!(
        app::articles::get_articles(1, Order::Score),
        app::logs::recent_logs(NAME, Severity::Info),
        app::statistics::get_counter(NAME, PRECISION),
        app::statistics::slowest_access_times(),
    )?;
    let counter = &counter[counter.len().saturating_sub(SHOWN)..];
    let slowest = slowest.iter().take(SHOWN);
    let slowest =
        slowest.map(|(context, average)| json!([context, average.as_micros() as f64 / 1000.0]));
    Ok(Json(json!({
        "articles": articles.iter().map(article).collect::<Vec<_>>(),
        "logs": logs.iter().take(SHOWN).collect::<Vec<_>>(),
        "counter": counter,
        "slowest": slowest.collect::<Vec<_>>(),
        "components": redis_components::status().components,
    })))
}

fn article(article: &Article) -> Value {
    json!({
        "id": article.id,
        "title": article.title,
        "link": article.link,
        "poster": article.poster,
        "votes": article.votes,
    })
}
