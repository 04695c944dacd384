//! Settings of the whole process. One test, because there is one process.

mod common;

use common::{World, declare, whereabouts};
use redis_components::{
    ComponentConfig, ErrorKind, Settings, get_config, set_config, shutdown, status,
};
use std::time::Duration;

#[tokio::test]
async fn r12_settings_are_installed_once() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    // A health check may come before the settings.
    assert!(status().components.is_empty());
    world.settings().install().unwrap();
    let error = Settings::new("redis://elsewhere").install().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Settings);
    assert!(error.to_string().contains("installed already"), "{error}");
    assert_eq!(whereabouts(logs).await.unwrap(), "a");

    assert_eq!(shutdown(common::SOON).await.unwrap(), 0);
    let error = get_config(logs).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShutDown, "{error}");
    let error = set_config(logs, &ComponentConfig::new("127.0.0.1")).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShutDown, "{error}");
    let error = Settings::new("redis://elsewhere").install().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShutDown, "{error}");
}
