//! 8.1.2 and 11.1.2: status messages, plain and in Lua.

use std::collections::HashMap;

use app::functions::statuses::Status;
use app::statuses::{create_status, create_status_lua, get_status};
use app::users::{create_user, get_user};
use redis_components_testing::Server;

use crate::{ask, at_once, components};

#[tokio::test]
async fn both_ways_post_the_same() {
    let server = Server::start();
    components(["users", "statuses"], &server)
        .scope(async {
            let uid = create_user("TestUser", "Test User").await.unwrap().unwrap();
            let extra = [("place", "home"), ("id", "999"), ("login", "Somebody")];
            let plain = create_status(uid, "hello", &extra).await.unwrap().unwrap();
            let in_lua = create_status_lua(uid, "hello", &extra)
                .await
                .unwrap()
                .unwrap();
            assert_eq!((plain, in_lua), (1, 2));

            let [plain, in_lua] = [get(plain).await, get(in_lua).await];
            assert!(plain.posted > 1_700_000_000.0 && in_lua.posted >= plain.posted);
            let expected = Status {
                id: 1,
                uid,
                login: "TestUser".to_owned(),
                message: "hello".to_owned(),
                posted: plain.posted,
                extra: HashMap::from([("place".to_owned(), "home".to_owned())]),
            };
            assert_eq!(plain, expected);
            let posted = in_lua.posted;
            assert_eq!(
                in_lua,
                Status {
                    id: 2,
                    posted,
                    ..expected
                }
            );
            assert_eq!(get_user(uid).await.unwrap().unwrap().posts, 2);
        })
        .await;
}

#[tokio::test]
async fn who_is_no_user_cannot_post() {
    let server = Server::start();
    components(["statuses"], &server)
        .scope(async {
            assert_eq!(create_status_lua(1, "hello", &[]).await.unwrap(), None);
            let keys: u64 = ask(&server, &["DBSIZE"]);
            assert_eq!(keys, 0);
            assert_eq!(create_status(1, "hello", &[]).await.unwrap(), None);
            assert_eq!(get_status(1).await.unwrap(), None);
        })
        .await;
}

#[tokio::test]
async fn posts_at_once_are_all_counted() {
    let server = Server::start();
    components(["users", "statuses"], &server)
        .scope(async {
            let uid = create_user("TestUser", "Test User").await.unwrap().unwrap();
            let ids = at_once((0..20).map(|number| async move {
                if number % 2 == 0 {
                    create_status(uid, "plain", &[]).await.unwrap()
                } else {
                    create_status_lua(uid, "in Lua", &[]).await.unwrap()
                }
            }))
            .await;
            let mut ids: Vec<u64> = ids.into_iter().flatten().collect();
            ids.sort_unstable();
            assert_eq!(ids, (1..=20).collect::<Vec<u64>>());
            assert_eq!(get_user(uid).await.unwrap().unwrap().posts, 20);
        })
        .await;
}

async fn get(id: u64) -> Status {
    get_status(id).await.unwrap().unwrap()
}
