//! A client's certificate is renewed.

use std::fs;

use redis_components_testing::{Server, Tls};
use serde_json::json;

use crate::common::traffic::{STEADY, Traffic, failures};
use crate::common::{HOUR, World, counter, declare, until, with};
use crate::secret_file::Mount;
use crate::{generation, problem};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_clients_certificate_is_renewed_under_load_and_no_call_fails() {
    let tls = Tls::new();
    let server = Server::builder()
        .tls(&tls)
        .require_client_certificates()
        .start();
    server.command(&["SET", "name", "tls"]);
    let mount = Mount::new();
    let files = |identity: &redis_components_testing::Identity| {
        let read = |path| fs::read_to_string(path).unwrap();
        [read(&identity.certificate), read(&identity.key)]
    };
    let [certificate, key] = files(tls.client());
    mount.write("tls.crt", &certificate);
    mount.write("tls.key", &key);
    let world = World::start();
    let logs = declare("logs", HOUR);
    let paths =
        json!({"ssl_certfile": mount.path("tls.crt"), "ssl_keyfile": mount.path("tls.key")});
    world.set(logs, &with(&server.config(), &paths));
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(100).await;
            for number in 1..=3 {
                let [certificate, key] = files(&tls.issue(&["client"]));
                mount.replace("tls.crt", &certificate);
                // They do not fit yet: the old pair serves.
                until("the new certificate is seen", async || {
                    problem().is_some_and(|problem| problem.contains("do not fit"))
                })
                .await;
                assert_eq!(generation(), number);
                traffic.goes_on(100).await;
                mount.replace("tls.key", &key);
                until("the new pair is used", async || generation() == number + 1).await;
                assert_eq!(problem(), None);
            }
            let calls = traffic.stop().await;
            assert_eq!(failures(&calls), [""; 0]);
            assert_eq!(counter(&server), calls.len() as u64);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_server_with_another_authority_is_trusted_once_the_file_names_it() {
    let (old, new) = (Tls::new(), Tls::new());
    let server = Server::builder().tls(&old).start();
    server.command(&["SET", "name", "tls"]);
    let mount = Mount::new();
    let authority = |tls: &Tls| fs::read_to_string(tls.ca()).unwrap();
    mount.write("ca.crt", &authority(&old));
    let world = World::start();
    let logs = declare("logs", HOUR);
    let path = json!({"ssl_ca_certs": mount.path("ca.crt")});
    world.set(logs, &with(&server.config(), &path));
    world
        .settings()
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(100).await;
            // Both are trusted while the server changes its certificate.
            mount.replace("ca.crt", &(authority(&old) + &authority(&new)));
            until("both are trusted", async || generation() == 2).await;
            server.rotate(new.server());
            mount.replace("ca.crt", &authority(&new));
            until("the new one is trusted", async || generation() == 3).await;
            let calls = traffic.stop().await;
            assert_eq!(failures(&calls), [""; 0]);
        })
        .await;
}
