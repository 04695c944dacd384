//! 11.3.1: names by how they begin.

use app::autocomplete::{autocomplete_on_prefix, join_guild, leave_guild};
use redis_components_testing::Server;

use crate::{ask, components};

#[tokio::test]
async fn members_are_found_by_how_they_begin() {
    let server = Server::start();
    components(["autocomplete"], &server)
        .scope(async {
            for user in [
                "jack", "jeff", "jeremy", "jim", "je", "k", "j{", "Jill", "jürgen",
            ] {
                join_guild("test", user).await.unwrap();
            }
            join_guild("other", "jenny").await.unwrap();
            let found = async |prefix| autocomplete_on_prefix("test", prefix).await.unwrap();
            assert_eq!(found("je").await, ["je", "jeff", "jeremy"]);
            assert_eq!(found("jü").await, ["jürgen"]);
            assert_eq!(found("j{").await, ["j{"]);
            assert_eq!(found("x").await, [""; 0]);
            assert_eq!(found("").await.len(), 9);

            leave_guild("test", "jeff").await.unwrap();
            assert_eq!(found("je").await, ["je", "jeremy"]);
        })
        .await;
}

#[tokio::test]
async fn at_most_ten_are_offered_and_nothing_is_left_behind() {
    let server = Server::start();
    components(["autocomplete"], &server)
        .scope(async {
            for number in 10..40 {
                join_guild("test", &format!("user{number}")).await.unwrap();
            }
            let offered = autocomplete_on_prefix("test", "user").await.unwrap();
            let expected: Vec<String> = (10..20).map(|number| format!("user{number}")).collect();
            assert_eq!(offered, expected);
            let members: u64 = ask(&server, &["ZCARD", "members:test"]);
            assert_eq!(members, 30);
        })
        .await;
}
