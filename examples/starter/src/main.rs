use std::time::Duration;

mod functions {
    pub mod logs;
}

redis_components::include_components!();

#[tokio::main]
async fn main() {
    loop {
        match logs::log_recent("main", "User 235 logged in").await {
            Ok(count) => println!("{count} messages on {}", server()),
            Err(error) => println!("{error}"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Returns where the component is now.
fn server() -> String {
    let status = redis_components::status().components;
    let logs = status.iter().find(|one| one.component == "logs");
    let current = logs.and_then(|logs| logs.current.as_ref());
    current.map_or_else(
        || "no server".to_owned(),
        |now| format!("{}:{}", now.host, now.port),
    )
}
