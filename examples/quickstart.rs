//! The smallest use of a component: no connection, no address.
//!
//! ```text
//! redis-server --port 6379 --save "" &
//! redis-server --port 6380 --save "" &
//! redis-cli -p 6379 SET config:redis:logs '{"host": "127.0.0.1", "port": 6380}'
//! REDIS_CONFIG_URL=redis://127.0.0.1:6379 cargo run --example quickstart
//! ```
//!
//! SET another port and run it again, or call again from a process that runs: the message goes to
//! the new server.

use app::functions::logs::Severity;
use app::logs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    logs::log_recent("main", "User 235 logged in").await?;
    let messages = logs::recent_logs("main", Severity::Info).await?;
    println!("{} messages, the newest: {}", messages.len(), messages[0]);
    for component in redis_components::status().components {
        if let Some(server) = component.current {
            println!(
                "`{}` is on {}:{}",
                component.component, server.host, server.port
            );
        }
    }
    Ok(())
}
