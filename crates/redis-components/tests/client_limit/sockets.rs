//! Components with several sockets, which cannot replace one that is lost.

use redis_components_testing::Server;

use crate::common::clients::{client_id, client_list};
use crate::common::{HOUR, declare_with_connections, until, whereabouts};
use crate::crowd::{limit, settings};

fn ids(server: &Server) -> Vec<String> {
    let clients = client_list(server);
    clients
        .iter()
        .map(|line| client_id(line).to_owned())
        .collect()
}

#[tokio::test]
async fn r10_a_client_that_cannot_replace_a_lost_socket_goes_on_with_the_others() {
    let server = Server::start();
    server.command(&["SET", "name", "a"]);
    let logs = declare_with_connections("logs", HOUR, 3);
    settings(&server)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let kept = logs.connection().await.unwrap();
            // The first is the one that calls use while there are few.
            let mut before = ids(&server);
            let lost = before.remove(0);
            limit(&server, 2);
            server.command(&["CLIENT", "KILL", "ID", &lost]);
            until("the loss is seen", async || !kept.is_current()).await;
            for _ in 0..200 {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            assert_eq!(ids(&server), before);

            limit(&server, 10);
            until("it has all its sockets again", async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                logs.connection().await.unwrap().is_current()
            })
            .await;
            drop(kept);
            until("the others are closed", async || ids(&server).len() == 3).await;
        })
        .await;
}
