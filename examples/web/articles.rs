//! Handlers that post articles and vote for them.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The longest name, title or link, in bytes.
const LONGEST: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Draft {
    user: String,
    title: String,
    link: String,
}

#[derive(Deserialize)]
pub(crate) struct Voter {
    user: String,
}

pub(crate) async fn post(Json(draft): Json<Draft>) -> Result<(StatusCode, Json<Value>), Failure> {
    let Draft { user, title, link } = draft;
    if [&user, &title, &link].into_iter().any(|text| !fits(text)) {
        return Err(Failure::Invalid("a field is empty or too long"));
    }
    // Other people click on it.
    if !link.starts_with("https://") && !link.starts_with("http://") {
        return Err(Failure::Invalid(
            "the link does not begin with `https://` or `http://`",
        ));
    }
    let id = app::articles::post_article(&user, &title, &link).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

pub(crate) async fn vote(
    Path(id): Path<u64>,
    Json(voter): Json<Voter>,
) -> Result<Json<Value>, Failure> {
    if !fits(&voter.user) {
        return Err(Failure::Invalid("the name is empty or too long"));
    }
    let counted = app::articles::article_vote(&voter.user, id).await?;
    Ok(Json(json!({ "counted": counted })))
}

fn fits(text: &str) -> bool {
    (1..=LONGEST).contains(&text.trim().len())
}
