//! 9.1: what structures cost before and after they outgrow their compact encoding.

use app::functions::memory::Structure;
use app::memory::{compare_all_encodings, compare_encodings, measure};
use redis_components_testing::Server;

use crate::{ask, components};

#[tokio::test]
async fn a_structure_costs_more_when_it_has_outgrown_its_compact_encoding() {
    let server = debuggable();
    components(["memory"], &server)
        .scope(async {
            for structure in Structure::ALL {
                let compared = compare_encodings(structure).await.unwrap();
                let (compact, outgrown) = (compared.compact, compared.outgrown);
                assert_ne!(compact.encoding, outgrown.encoding, "{structure}");
                assert!(compact.bytes < outgrown.bytes, "{structure}");
                assert!(compact.serialized_length.unwrap() > 0, "{structure}");
            }
            let left: u64 = ask(&server, &["DBSIZE"]);
            assert_eq!(left, 0);
        })
        .await;
}

#[tokio::test]
async fn the_limit_is_the_servers_own() {
    let server = Server::start_with(&["--set-max-intset-entries", "7"]);
    components(["memory"], &server)
        .scope(async {
            let compared = compare_encodings(Structure::IntegerSet).await.unwrap();
            assert_eq!(compared.elements, 7);
            assert_eq!(compared.compact.encoding, "intset");
        })
        .await;
}

#[tokio::test]
async fn comparisons_print_as_a_table() {
    let server = debuggable();
    components(["memory"], &server)
        .scope(async {
            let table = compare_all_encodings().await.unwrap();
            let printed = table.to_string();
            let lines: Vec<&str> = printed.lines().collect();
            assert_eq!(lines.len(), 1 + 2 * Structure::ALL.len(), "{printed}");
            let widths = lines.iter().map(|line| line.chars().count());
            assert!(
                widths
                    .clone()
                    .all(|width| Some(width) == widths.clone().next()),
                "{printed}"
            );
            assert!(lines[3].starts_with("integer set "), "{printed}");
            assert!(lines[3].contains("  intset "), "{printed}");
        })
        .await;
}

#[tokio::test]
async fn a_key_that_is_not_there_has_no_measure() {
    let server = Server::start();
    components(["memory"], &server)
        .scope(async {
            assert_eq!(measure("nothing").await.unwrap(), None);
            server.command(&["SET", "something", "12345"]);
            let measured = measure("something").await.unwrap().unwrap();
            assert_eq!(measured.encoding, "int");
        })
        .await;
}

/// A server that answers DEBUG; those before 7.0 do without being told.
fn debuggable() -> Server {
    Server::try_start_with(&["--enable-debug-command", "yes"]).unwrap_or_else(|_| Server::start())
}
