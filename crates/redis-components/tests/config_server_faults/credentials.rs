//! A config server on which we are a user that needs no password.

use redis_components::{ConfigSource, Settings};

use crate::common::{World, always_fresh, patient, source, whereabouts};

#[tokio::test]
async fn r3_a_user_of_the_config_server_without_a_password_is_logged_in_as_that_user() {
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &world.a);
    world.config.command(&[
        "ACL",
        "SETUSER",
        "reader",
        "on",
        "nopass",
        "-@all",
        "+client|tracking",
        "+getrange",
        "+ping",
        "%R~config:redis:*",
    ]);
    // The observer has logged in as `default` before.
    world.config.command(&["ACL", "SETUSER", "default", "off"]);
    for login in ["reader@", "reader:@"] {
        let url = format!("redis://{login}127.0.0.1:{}", world.config.port());
        patient(Settings::new(url))
            .scope(async {
                assert_eq!(whereabouts(logs).await.unwrap(), "a", "{login}");
                assert_eq!(source(), ConfigSource::Push, "{login}");
            })
            .await;
    }
}
