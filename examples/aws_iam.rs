//! A component on Amazon ElastiCache whose users log in by IAM, without an SDK.
//!
//! ```text
//! export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…
//! redis-cli SET config:redis:logs '{"host": "master.my-cache.abc.use1.cache.amazonaws.com",
//!     "ssl": true, "password": {"provider": "my-cache"}}'
//! REDIS_CONFIG_URL=redis://127.0.0.1:6379 cargo run --example aws_iam -- my-cache my-user
//! ```
//!
//! The config names a provider, and this program says what it is. A token is good for logging in for
//! fifteen minutes. The runtime asks for the next one after about twelve, and moves the component's
//! calls to connections that were made with it.

#[path = "aws_iam/credentials.rs"]
mod credentials;
#[path = "aws_iam/sigv4.rs"]
mod sigv4;

use std::env;
use std::error::Error;

use app::logs;
use clap::Parser;
use redis_components::Settings;

use self::credentials::AwsIam;

/// Logs a message to a component on Amazon ElastiCache.
#[derive(Debug, Parser)]
#[command(name = "aws_iam")]
struct Options {
    /// The name of the replication group or serverless cache, and of the provider in the config.
    cache: String,
    /// The id of a user that authenticates by IAM.
    user: String,
    /// The cache is serverless.
    #[arg(long)]
    serverless: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Options {
        cache,
        user,
        serverless,
    } = Options::parse();
    let provider = AwsIam {
        region: env::var("AWS_REGION")?,
        cache: cache.to_lowercase(),
        is_serverless: serverless,
        user,
    };
    Settings::default().credentials(cache, provider).install()?;
    logs::log_recent("main", "logged in by IAM").await?;
    println!("logged");
    Ok(())
}
