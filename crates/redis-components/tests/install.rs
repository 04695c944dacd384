//! Settings of the whole process. One test, because there is one process.

mod common;

use common::{World, declare, whereabouts};
use redis_components::{ErrorKind, Settings};
use std::time::Duration;

#[tokio::test]
async fn r12_settings_are_installed_once() {
    let world = World::start();
    let logs = declare("logs", Duration::from_secs(1));
    world.move_to(logs, &world.a);
    world.settings().install().unwrap();
    let error = Settings::new("redis://elsewhere").install().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Settings);
    assert!(error.to_string().contains("installed already"), "{error}");
    assert_eq!(whereabouts(logs).await.unwrap(), "a");
}
