//! A component whose server wants a token that expires: another program renews it in a file.
//!
//! ```text
//! echo '{"username": "app", "token": "s3cret", "expires_on": 4102444800}' > token.json
//! redis-cli ACL SETUSER app on '>s3cret' '~*' +@all
//! redis-cli SET config:redis:logs '{"host": "127.0.0.1", "password": {"provider": "token"}}'
//! REDIS_CONFIG_URL=redis://127.0.0.1:6379 cargo run --example token_file -- token.json
//! ```
//!
//! A file with nothing but a password needs no code: `"password": {"file": "/path"}` is followed as
//! it is. This is for tokens that stand beside other things, and that say when they expire.

#[path = "token_file/credentials.rs"]
mod credentials;

use std::error::Error;
use std::path::PathBuf;

use app::functions::logs::Severity;
use app::logs;
use clap::Parser;
use redis_components::Settings;

use self::credentials::TokenFile;

/// Logs a message to a component whose server wants a token.
#[derive(Debug, Parser)]
#[command(name = "token_file")]
struct Options {
    /// The file with the token.
    file: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Options { file } = Options::parse();
    let settings = Settings::default().credentials("token", TokenFile(file));
    settings.install()?;
    logs::log_recent("main", "logged in by a token").await?;
    let messages = logs::recent_logs("main", Severity::Info).await?;
    println!("{} messages, the newest: {}", messages.len(), messages[0]);
    Ok(())
}
