//! A small web service: articles with votes, recent logs, counters, and the server of each
//! component.
//!
//! ```text
//! cargo run --example web                   # with Redis servers of its own
//! REDIS_CONFIG_URL=redis://127.0.0.1:6379 cargo run --example web -- --listen 127.0.0.1:3000
//! ```
//!
//! The service prints its address; the page there shows everything live. Move a component with
//! redis-cli while you watch: the service prints that command too. Nothing in the handlers knows of
//! servers or connections.

#[path = "web/articles.rs"]
mod articles;
#[path = "web/failure.rs"]
mod failure;
#[path = "web/health.rs"]
mod health;
#[path = "web/observe.rs"]
mod observe;
#[path = "web/options.rs"]
mod options;
#[path = "web/overview.rs"]
mod overview;
#[path = "web/servers.rs"]
mod servers;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use axum::response::Html;
use axum::routing::{get, post};
use axum::{Router, middleware};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use self::options::Options;
use self::servers::Servers;

/// How long calls in flight may take when the service ends.
const DRAIN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    match serve(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options) -> Result<(), Box<dyn Error>> {
    let stop = stop()?;
    let servers = Servers::unless_named()?;
    if let Some(servers) = &servers {
        redis_components::Settings::new(servers.config_url()).install()?;
        println!("{servers}");
    }
    // A problem at the start is an error; later the last good servers go on.
    app::articles::connection().await?;
    app::logs::connection().await?;
    app::statistics::connection().await?;

    let listener = TcpListener::bind(&options.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes())
        .with_graceful_shutdown(stop)
        .await?;
    let in_use = redis_components::shutdown(DRAIN).await?;
    println!("ended, with {in_use} connections in use");
    Ok(())
}

fn routes() -> Router {
    Router::new()
        .route("/articles", post(articles::post))
        .route("/articles/{id}/votes", post(articles::vote))
        .route_layer(middleware::from_fn(observe::observe))
        // Not observed, because the page asks for these all the time.
        .route("/", get(async || Html(include_str!("web/page.html"))))
        .route("/overview", get(overview::overview))
        .route("/health", get(health::health))
}

/// Returns a future that ends with the first signal that asks the service to stop.
fn stop() -> Result<impl Future<Output = ()> + Send + 'static, std::io::Error> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
