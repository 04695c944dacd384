//! 8.1.1: users.

use app::users::{create_user, get_user};
use redis_components_testing::Server;

use crate::{ask, at_once, components};

#[tokio::test]
async fn a_user_is_created_with_nothing_posted_and_nobody_followed() {
    let server = Server::start();
    components(["users"], &server)
        .scope(async {
            let id = create_user("TestUser", "Test User").await.unwrap().unwrap();
            let user = get_user(id).await.unwrap().unwrap();
            assert_eq!((user.id, user.login.as_str()), (1, "TestUser"));
            assert_eq!(user.name, "Test User");
            assert_eq!((user.followers, user.following, user.posts), (0, 0, 0));
            assert!(user.signup > 1_700_000_000.0, "{}", user.signup);
            let known: String = ask(&server, &["HGET", "users:", "testuser"]);
            assert_eq!(known, "1");
            let locked: bool = ask(&server, &["EXISTS", "lock:user:testuser"]);
            assert!(!locked);
            assert_eq!(get_user(2).await.unwrap(), None);
        })
        .await;
}

#[tokio::test]
async fn a_login_is_given_once_in_whatever_case() {
    let server = Server::start();
    components(["users"], &server)
        .scope(async {
            assert!(create_user("TestUser", "One").await.unwrap().is_some());
            assert_eq!(create_user("testUSER", "Two").await.unwrap(), None);
            assert_eq!(create_user("Other", "Three").await.unwrap(), Some(2));
        })
        .await;
}

#[tokio::test]
async fn of_several_who_want_a_login_one_gets_it() {
    let server = Server::start();
    components(["users"], &server)
        .scope(async {
            let created = at_once((0..10).map(|number| async move {
                create_user("TestUser", &number.to_string()).await.unwrap()
            }))
            .await;
            let created: Vec<u64> = created.into_iter().flatten().collect();
            assert_eq!(created, [1]);
            let logins: u64 = ask(&server, &["HLEN", "users:"]);
            assert_eq!(logins, 1);
        })
        .await;
}

#[tokio::test]
async fn a_login_that_somebody_else_has_locked_is_not_given() {
    let server = Server::start();
    server.command(&["SET", "lock:user:testuser", "somebody else"]);
    components(["users"], &server)
        .scope(async {
            assert_eq!(create_user("TestUser", "One").await.unwrap(), None);
            let holder: String = ask(&server, &["GET", "lock:user:testuser"]);
            assert_eq!(holder, "somebody else");
        })
        .await;
}
