//! A user that needs no password.

use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
use redis_components::__private::{Acquire, AcquireBlocking, AcquireDedicated};
use redis_components::Connection;

use crate::common::{World, always_fresh, config_with};

async fn user_of(connection: &mut impl ConnectionLike) -> String {
    let whoami = redis::cmd("ACL").arg("WHOAMI").to_owned();
    whoami.query_async(connection).await.unwrap()
}

fn user_of_blocking(connection: &mut impl redis::ConnectionLike) -> String {
    redis::cmd("ACL").arg("WHOAMI").query(connection).unwrap()
}

/// Who logs in without a password must not be given the rights of `default`.
#[tokio::test]
async fn r3_a_user_without_a_password_is_logged_in_as_that_user() {
    let world = World::start();
    let a = &world.a;
    a.command(&[
        "ACL", "SETUSER", "reader", "on", "nopass", "~*", "&*", "+@all",
    ]);
    let port = a.port();
    let configs = [
        config_with(port, r#""username":"reader""#),
        config_with(port, r#""username":"reader","password":null"#),
        config_with(port, r#""username":"reader","password":"""#),
        format!(r#"{{"url":"redis://reader@127.0.0.1:{port}"}}"#),
        format!(r#"{{"url":"redis://reader:@127.0.0.1:{port}"}}"#),
    ];
    for default in ["on", "off"] {
        for config in &configs {
            let logs = always_fresh("logs");
            world.set(logs, config);
            let settings = world.settings();
            // The observer has logged in as `default` before.
            a.command(&["ACL", "SETUSER", "default", default]);
            settings
                .scope(async {
                    let mut shared = logs.connection().await.unwrap();
                    assert_eq!(user_of(&mut shared).await, "reader", "{config}");
                    let mut dedicated = <Connection as AcquireDedicated>::acquire(logs, "read")
                        .await
                        .unwrap();
                    assert_eq!(user_of(&mut *dedicated).await, "reader", "{config}");
                    let mut raw = <MultiplexedConnection as Acquire>::acquire(logs, "read")
                        .await
                        .unwrap();
                    assert_eq!(user_of(&mut raw).await, "reader", "{config}");
                    let mut manager = <ConnectionManager as Acquire>::acquire(logs, "read")
                        .await
                        .unwrap();
                    assert_eq!(user_of(&mut manager).await, "reader", "{config}");
                    let mut blocking = logs.blocking_connection().unwrap();
                    assert_eq!(user_of_blocking(&mut blocking), "reader", "{config}");
                    let mut raw =
                        <redis::Connection as AcquireBlocking>::acquire(logs, "read").unwrap();
                    assert_eq!(user_of_blocking(&mut raw), "reader", "{config}");
                })
                .await;
        }
    }
}
