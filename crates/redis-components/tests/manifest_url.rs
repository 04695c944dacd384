//! Neither code nor environment says where the config server is. One test, because there is one
//! process.

mod common;

use std::time::Duration;

use common::{World, declare, whereabouts};
use redis_components::__private::{Declaration, component};
use redis_components::ErrorKind;

#[tokio::test]
async fn r5_the_manifest_names_the_config_server_and_there_is_no_default() {
    assert!(
        std::env::var_os("REDIS_CONFIG_URL").is_none(),
        "unset REDIS_CONFIG_URL for this test"
    );
    let unnamed = declare("logs", Duration::ZERO);
    let error = unnamed.connection().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoConfigServer);
    for place in ["Settings::new", "REDIS_CONFIG_URL", "components.toml"] {
        assert!(error.to_string().contains(place), "{error}");
    }

    let world = World::start();
    let named = Box::leak(Box::new(component(Declaration {
        name: "logs",
        key: "config:redis:logs",
        key_prefix: "config:redis:",
        has_own_key: false,
        wait: Duration::ZERO,
        connections: 1,
        config_server: Some(world.config.url().leak()),
    })));
    world.move_to(named, &world.a);
    assert_eq!(whereabouts(named).await.unwrap(), "a");

    let error = world.settings().install().unwrap_err();
    assert!(error.to_string().contains("was used before"), "{error}");
}
