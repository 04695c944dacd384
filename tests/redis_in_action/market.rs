//! 4.4 and 11.3.2: a market, with WATCH and in Lua.

use app::functions::market::Purchase;
use app::market::{get_price, list_item, purchase_item, purchase_item_watch};
use redis_components_testing::Server;

use crate::{ask, at_once, components};

#[tokio::test]
async fn a_thing_is_offered_once_and_only_by_its_owner() {
    let server = world();
    components(["market"], &server)
        .scope(async {
            assert!(!list_item("sword", "bill", 97).await.unwrap());
            let offered = at_once((0..10).map(|_| list_item("sword", "frank", 97))).await;
            let offered = offered
                .into_iter()
                .filter(|offered| *offered.as_ref().unwrap());
            assert_eq!(offered.count(), 1);
            assert_eq!(get_price("sword", "frank").await.unwrap(), Some(97));
            assert!(!owns(&server, "frank", "sword"));
        })
        .await;
}

#[tokio::test]
async fn a_purchase_moves_the_thing_and_the_money() {
    let server = world();
    components(["market"], &server)
        .scope(async {
            list_item("sword", "frank", 97).await.unwrap();
            let done = purchase_item("bill", "sword", "frank", 97).await.unwrap();
            assert_eq!(done, Purchase::Done);
            assert!(owns(&server, "bill", "sword"));
            assert_eq!((funds(&server, "bill"), funds(&server, "frank")), (28, 140));
            assert_eq!(get_price("sword", "frank").await.unwrap(), None);
        })
        .await;
}

#[tokio::test]
async fn a_purchase_without_lua_does_the_same() {
    let server = world();
    components(["market"], &server)
        .scope(async {
            list_item("sword", "frank", 97).await.unwrap();
            let done = purchase_item_watch("bill", "sword", "frank", 97).await;
            assert_eq!(done.unwrap(), Purchase::Done);
            assert!(owns(&server, "bill", "sword"));
            assert_eq!((funds(&server, "bill"), funds(&server, "frank")), (28, 140));
            let again = purchase_item_watch("bill", "sword", "frank", 97).await;
            assert_eq!(again.unwrap(), Purchase::NotOffered);
            assert_eq!(server.command_calls("watch"), 2);
        })
        .await;
}

#[tokio::test]
async fn purchases_that_watch_do_not_disturb_one_another() {
    let server = world();
    components(["market"], &server)
        .scope(async {
            let items: Vec<String> = (0..10).map(|item| format!("arrow{item}")).collect();
            for item in &items {
                server.command(&["SADD", "inventory:frank", item]);
                assert!(list_item(item, "frank", 10).await.unwrap());
            }
            let outcomes = at_once(items.into_iter().map(|item| async move {
                purchase_item_watch("bill", &item, "frank", 10)
                    .await
                    .unwrap()
            }))
            .await;
            assert_eq!(outcomes, [Purchase::Done; 10]);
            assert_eq!((funds(&server, "bill"), funds(&server, "frank")), (25, 143));
        })
        .await;
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let server = world();
    components(["market"], &server)
        .scope(async {
            list_item("sword", "frank", 200).await.unwrap();
            let outcomes = [
                ("shield", 10, Purchase::NotOffered),
                ("sword", 97, Purchase::PriceChanged),
                ("sword", 200, Purchase::TooExpensive),
            ];
            for (item, price, expected) in outcomes {
                let in_lua = purchase_item("bill", item, "frank", price).await;
                let watching = purchase_item_watch("bill", item, "frank", price).await;
                assert_eq!([in_lua.unwrap(), watching.unwrap()], [expected; 2]);
            }
            let stranger = purchase_item("nobody", "sword", "frank", 200).await;
            assert_eq!(stranger.unwrap(), Purchase::TooExpensive);
            assert_eq!((funds(&server, "bill"), funds(&server, "frank")), (125, 43));
            assert_eq!(get_price("sword", "frank").await.unwrap(), Some(200));
        })
        .await;
}

#[tokio::test]
async fn of_several_buyers_one_gets_it_and_pays() {
    let server = world();
    components(["market"], &server)
        .scope(async {
            list_item("sword", "frank", 50).await.unwrap();
            list_item("axe", "frank", 50).await.unwrap();
            let outcomes = at_once((0..20).map(|number| async move {
                let buyer = ["bill", "anna"][number % 2];
                let item = ["sword", "axe"][number / 2 % 2];
                if number / 4 % 2 == 0 {
                    purchase_item(buyer, item, "frank", 50).await.unwrap()
                } else {
                    purchase_item_watch(buyer, item, "frank", 50).await.unwrap()
                }
            }))
            .await;
            let done = outcomes
                .iter()
                .filter(|outcome| **outcome == Purchase::Done);
            assert_eq!(done.count(), 2);
            let [bill, anna, frank] = ["bill", "anna", "frank"].map(|user| funds(&server, user));
            assert_eq!(frank, 43 + 100);
            assert_eq!(bill + anna, 125 + 125 - 100);
        })
        .await;
}

/// Frank with two things, and two who have money for some of them.
fn world() -> Server {
    let server = Server::start();
    server.command(&["SADD", "inventory:frank", "sword", "axe"]);
    for (user, funds) in [("frank", "43"), ("bill", "125"), ("anna", "125")] {
        server.command(&["HSET", &format!("users:{user}"), "funds", funds]);
    }
    server
}

fn funds(server: &Server, user: &str) -> i64 {
    ask(server, &["HGET", &format!("users:{user}"), "funds"])
}

fn owns(server: &Server, user: &str, item: &str) -> bool {
    ask(server, &["SISMEMBER", &format!("inventory:{user}"), item])
}
