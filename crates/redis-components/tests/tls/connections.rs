//! Every kind of connection over TLS.

use std::path::Path;
use std::process::Command;

use redis_components::{ComponentConfig, Scope, Settings, TlsOptions, TlsVersion, set_config};
use redis_components_testing::{Server, Tls};
use serde_json::json;

use crate::common::clients::{client_list, clients};
use crate::common::impostors::starting;
use crate::common::kinds::{all_lead_to, all_lead_to_blocking, others_are_refused};
use crate::common::{World, always_fresh, patient, until, whereabouts, whereabouts_blocking, with};

fn named(server: Server) -> Server {
    server.command(&["SET", "name", "tls"]);
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_every_kind_of_connection_speaks_tls() {
    let tls = Tls::new();
    let server = named(Server::builder().tls(&tls).start());
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &server);
    world
        .settings()
        .scope(async {
            all_lead_to(logs, &server, "tls").await;
            others_are_refused(logs, "TLS").await;
            let server = &server;
            let scope = Scope::current().unwrap();
            tokio::task::block_in_place(|| {
                scope.run_blocking(|| all_lead_to_blocking(logs, server, "tls"));
            });
        })
        .await;
}

/// It does so before anything is said to it, as at its limit of clients.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_server_that_hangs_up_before_tls_is_told_the_name_when_it_takes_clients() {
    let tls = Tls::new();
    let server = named(Server::builder().tls(&tls).start());
    let world = World::start();
    let logs = always_fresh("logs");
    let fields = json!({"port": starting(1, server.port()), "client_name": "known"});
    world.set(logs, &with(&server.config(), &fields));
    world
        .settings()
        .scope(async {
            until("it is reached", async || whereabouts(logs).await.is_ok()).await;
            assert_eq!(clients(&server, "name=known"), 1);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_large_values_pass_through_tls() {
    let tls = Tls::new();
    let server = named(Server::builder().tls(&tls).start());
    let world = World::start();
    let logs = always_fresh("logs");
    world.move_to(logs, &server);
    // Many records of TLS in one reply.
    let large = "x".repeat(3_000_000);
    world
        .settings()
        .scope(async {
            let mut connection = logs.connection().await.unwrap();
            let mut set = redis::cmd("SET");
            let set = set.arg("large").arg(&large);
            set.exec_async(&mut connection).await.unwrap();
            let scope = Scope::current().unwrap();
            tokio::task::block_in_place(|| {
                scope.run_blocking(|| {
                    let mut connection = logs.blocking_connection().unwrap();
                    set.exec(&mut connection).unwrap();
                    let got: String = redis::cmd("GET")
                        .arg("large")
                        .query(&mut connection)
                        .unwrap();
                    assert!(got == large);
                });
            });
            let got: String = redis::cmd("GET")
                .arg("large")
                .query_async(&mut connection)
                .await
                .unwrap();
            assert!(got == large);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_a_client_shows_its_certificate_and_logs_in() {
    let tls = Tls::new();
    let server = Server::builder()
        .tls(&tls)
        .require_client_certificates()
        .arguments(&["--requirepass", "S3cret"])
        .start();
    let server = named(server);
    let world = World::start();
    let logs = always_fresh("logs");
    world
        .settings()
        .scope(async {
            let client = tls.client();
            let options = TlsOptions::new()
                .ca_data(std::fs::read_to_string(tls.ca()).unwrap())
                .client_certificate(&client.certificate, &client.key)
                .min_version(TlsVersion::Tls13)
                .server_name("localhost");
            let config = ComponentConfig::new("127.0.0.1")
                .port(server.port())
                .password("S3cret")
                .client_name("logs-of-a-test")
                .tls(options);
            set_config(logs, &config).await.unwrap();
            assert_eq!(whereabouts(logs).await.unwrap(), "tls");
            let scope = Scope::current().unwrap();
            let on = tokio::task::block_in_place(|| {
                scope.run_blocking(|| whereabouts_blocking(logs).unwrap())
            });
            assert_eq!(on, "tls");
            until("both have the name", async || {
                let list = client_list(&server);
                let named = list
                    .iter()
                    .filter(|line| line.contains("name=logs-of-a-test"));
                named.count() == 2
            })
            .await;
        })
        .await;
}

/// The url of the config server of [`the_child_of_a_test`].
const CONFIG_SERVER: &str = "CONFIG_SERVER_OF_A_TEST";

#[test]
fn r13_the_config_server_speaks_tls_with_a_certificate_that_the_system_trusts() {
    let tls = Tls::new();
    let configs = Server::builder().tls(&tls).start();
    let world = World::start();
    configs.command(&["SET", always_fresh("logs").key(), &world.a.config()]);
    let ends_well = |ca: &Path| {
        // The system's certificates are those that a variable names, which a test cannot set for
        // itself.
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "connections::the_child_of_a_test"])
            .env("SSL_CERT_FILE", ca)
            .env_remove("SSL_CERT_DIR")
            .env(CONFIG_SERVER, configs.url())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout).into_owned();
        (child.status.success(), said)
    };
    let (well, said) = ends_well(tls.ca());
    assert!(well, "{said}");
    let (well, said) = ends_well(Tls::new().ca());
    assert!(
        !well && said.contains("signed by nobody who is trusted"),
        "{said}"
    );
}

#[tokio::test]
#[ignore = "another test runs it in a process of its own"]
async fn the_child_of_a_test() {
    let url = std::env::var(CONFIG_SERVER).unwrap();
    let found = patient(Settings::new(url)).scope(whereabouts(always_fresh("logs")));
    assert_eq!(found.await.unwrap(), "a");
}
