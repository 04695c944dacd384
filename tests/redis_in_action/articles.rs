//! 1.3: articles with votes, in groups.

use app::articles::{
    add_remove_groups, article_vote, get_articles, get_group_articles, post_article,
};
use app::functions::articles::{ARTICLES_PER_PAGE, Article, Order, VOTE_SCORE};
use redis_components_testing::Server;

use crate::{ask, at_once, components};

const LINK: &str = "https://example.com/";

#[tokio::test]
async fn an_article_is_posted_with_the_posters_vote() {
    let server = Server::start();
    components(["articles"], &server)
        .scope(async {
            let id = post_article("user:1", "A title", LINK).await.unwrap();
            let [article] =
                <[Article; 1]>::try_from(get_articles(1, Order::Score).await.unwrap()).unwrap();
            assert_eq!((article.id, article.votes), (id, 1));
            assert_eq!(
                [&article.title, &article.link, &article.poster],
                ["A title", LINK, "user:1"]
            );
            let score: f64 = ask(&server, &["ZSCORE", "score:", "article:1"]);
            assert_eq!(score, article.time + VOTE_SCORE);
            assert!(!article_vote("user:1", id).await.unwrap());
        })
        .await;
}

#[tokio::test]
async fn a_vote_counts_once_for_each_user_however_many_come_at_once() {
    let server = Server::start();
    components(["articles"], &server)
        .scope(async {
            let id = post_article("user:0", "A title", LINK).await.unwrap();
            let votes = at_once((0..40).map(|vote| async move {
                article_vote(&format!("user:{}", vote % 10), id)
                    .await
                    .unwrap()
            }))
            .await;
            assert_eq!(votes.iter().filter(|counts| **counts).count(), 9);
            let article = &get_articles(1, Order::Score).await.unwrap()[0];
            assert_eq!(article.votes, 10);
            let score: f64 = ask(&server, &["ZSCORE", "score:", "article:1"]);
            let votes = (score - article.time) / VOTE_SCORE;
            assert_eq!(votes.round(), 10.0);
        })
        .await;
}

#[tokio::test]
async fn an_article_of_last_week_cannot_be_voted_for() {
    let server = Server::start();
    components(["articles"], &server)
        .scope(async {
            let id = post_article("user:1", "A title", LINK).await.unwrap();
            let week: i64 = 7 * 24 * 3600;
            let expiry: i64 = ask(&server, &["TTL", "voted:1"]);
            assert!((week - 60..=week).contains(&expiry), "{expiry}");

            let posted = format!("-{week}");
            server.command(&["ZINCRBY", "time:", &posted, "article:1"]);
            assert!(!article_vote("user:2", id).await.unwrap());
            server.command(&["ZINCRBY", "time:", "60", "article:1"]);
            assert!(article_vote("user:2", id).await.unwrap());
            assert!(!article_vote("user:2", 999).await.unwrap());
        })
        .await;
}

#[tokio::test]
async fn pages_come_by_score_or_by_time() {
    let server = Server::start();
    components(["articles"], &server)
        .scope(async {
            let posts = ARTICLES_PER_PAGE as u64 + 2;
            for number in 1..=posts {
                let id = post_article("user:1", &number.to_string(), LINK).await;
                assert_eq!(id.unwrap(), number);
            }
            assert!(article_vote("user:2", 1).await.unwrap());

            let newest: Vec<u64> = (3..=posts).rev().collect();
            assert_eq!(ids(get_articles(1, Order::Time).await.unwrap()), newest);
            assert_eq!(ids(get_articles(2, Order::Time).await.unwrap()), [2, 1]);
            assert_eq!(ids(get_articles(3, Order::Time).await.unwrap()), [0; 0]);
            assert_eq!(get_articles(1, Order::Score).await.unwrap()[0].id, 1);
        })
        .await;
}

#[tokio::test]
async fn groups_have_their_own_pages_for_a_minute() {
    let server = Server::start();
    components(["articles"], &server)
        .scope(async {
            for title in ["a", "b", "c"] {
                post_article("user:1", title, LINK).await.unwrap();
            }
            let groups = ["programming", "databases"];
            add_remove_groups(1, &groups, &[]).await.unwrap();
            add_remove_groups(3, &groups, &[]).await.unwrap();
            add_remove_groups(3, &[], &["databases"]).await.unwrap();
            add_remove_groups(2, &[], &[]).await.unwrap();

            let of = async |group, order| ids(get_group_articles(group, 1, order).await.unwrap());
            assert_eq!(of("programming", Order::Time).await, [3, 1]);
            assert_eq!(of("databases", Order::Score).await, [1]);
            assert_eq!(of("cooking", Order::Score).await, [0; 0]);

            let expiry: i64 = ask(&server, &["TTL", "time:programming"]);
            assert!((1..=60).contains(&expiry), "{expiry}");
            add_remove_groups(2, &["programming"], &[]).await.unwrap();
            assert_eq!(of("programming", Order::Time).await, [3, 1]);
            server.command(&["DEL", "time:programming"]);
            assert_eq!(of("programming", Order::Time).await, [3, 2, 1]);
        })
        .await;
}

fn ids(articles: Vec<Article>) -> Vec<u64> {
    articles.into_iter().map(|article| article.id).collect()
}
