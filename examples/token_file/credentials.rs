//! Logins with a token that another program writes to a file and renews.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use redis_components::{Credentials, CredentialsError, Login};
use serde::Deserialize;

/// A file such as `{"username": "app", "token": "…", "expires_on": 1767225600}`.
#[derive(Debug)]
pub(crate) struct TokenFile(pub(crate) PathBuf);

#[derive(Deserialize)]
struct Content {
    username: Option<String>,
    token: String,
    /// Seconds since 1970.
    expires_on: u64,
}

impl Credentials for TokenFile {
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
        Box::pin(async {
            // Nobody waits here: the runtime asks beside all calls.
            let text = fs::read_to_string(&self.0)?;
            // The error of serde_json could repeat a part of the token.
            let content: Content = serde_json::from_str(&text)
                .map_err(|error| format!("line {} of the file is not as expected", error.line()))?;
            let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(content.expires_on);
            let login = Login::new(content.token).expires(expires);
            Ok(match content.username {
                Some(username) => login.username(username),
                None => login,
            })
        })
    }
}
