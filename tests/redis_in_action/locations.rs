//! 5.3: where an IPv4 address is.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use app::functions::locations::{City, ImportError};
use app::locations::{find_city_by_ip, import_cities_to_redis, import_ips_to_redis};
use indicatif::ProgressBar;
use redis_components_testing::Server;

use crate::{ask, components};

#[tokio::test]
async fn an_address_is_found_in_its_range_and_nowhere_else() {
    let server = Server::start();
    components(["locations"], &server)
        .scope(async {
            import();
            let addresses = [
                ([192, 0, 1, 255], None),
                ([192, 0, 2, 0], Some("Springfield")),
                ([192, 0, 2, 127], Some("Springfield")),
                ([192, 0, 2, 128], Some("S\u{e3}o Exemplo")),
                ([192, 0, 2, 255], Some("S\u{e3}o Exemplo")),
                // A gap between two ranges.
                ([192, 0, 3, 0], None),
                ([198, 51, 100, 1], Some("Springfield")),
                // A range of a city that the other file does not have.
                ([203, 0, 113, 9], None),
                ([255, 255, 255, 255], None),
                ([0, 0, 0, 0], None),
            ];
            for (address, expected) in addresses {
                let found = find_city_by_ip(Ipv4Addr::from(address)).await.unwrap();
                let name = found.as_ref().map(|city| city.city.as_str());
                assert_eq!(name, expected, "{address:?}");
            }
            let springfield = find_city_by_ip(Ipv4Addr::new(192, 0, 2, 1)).await;
            let expected = City {
                city: "Springfield".to_owned(),
                region: "XA".to_owned(),
                country: "ZZ".to_owned(),
            };
            assert_eq!(springfield.unwrap(), Some(expected));
        })
        .await;
}

#[tokio::test]
async fn keys_are_those_that_other_services_read() {
    let server = Server::start();
    components(["locations"], &server)
        .scope(async {
            import();
            let city: String = ask(&server, &["HGET", "cityid2city:", "17"]);
            assert_eq!(city, r#"["Springfield","XA","ZZ"]"#);
            let first: Vec<(String, u32)> =
                ask(&server, &["ZRANGE", "ip2cityid:", "0", "0", "WITHSCORES"]);
            let (range, score) = &first[0];
            assert_eq!(range.split('_').next(), Some("17"));
            assert_eq!(Ipv4Addr::from(*score), Ipv4Addr::new(192, 0, 2, 0));

            // A range as the book's import writes it, without an end.
            server.command(&["ZADD", "ip2cityid:", "3232235520", "17_9"]);
            let found = find_city_by_ip(Ipv4Addr::new(192, 168, 7, 7))
                .await
                .unwrap();
            assert_eq!(found.unwrap().city, "Springfield");
        })
        .await;
}

#[test]
fn the_bar_moves_to_the_end() {
    let server = Server::start();
    components(["locations"], &server).scope_blocking(|| {
        let bar = ProgressBar::hidden();
        let file = data("blocks.csv");
        let length = std::fs::metadata(&file).unwrap().len();
        assert_eq!(import_ips_to_redis(&file, &bar).unwrap(), 4);
        assert_eq!((bar.length(), bar.position()), (Some(length), length));
        assert!(bar.is_finished());
    });
}

#[test]
fn more_rows_than_are_sent_at_once_arrive() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..2500)
        .map(|row| format!("{row},{row},{row}\n"))
        .collect();
    let file = folder.path().join("blocks.csv");
    std::fs::write(&file, rows).unwrap();
    components(["locations"], &server).scope_blocking(|| {
        for _ in 0..2 {
            let imported = import_ips_to_redis(&file, &ProgressBar::hidden());
            assert_eq!(imported.unwrap(), 2500);
        }
        let ranges: u64 = ask(&server, &["ZCARD", "ip2cityid:"]);
        assert_eq!(ranges, 2500);
        // Far fewer round trips than rows; each import is three.
        assert_eq!(server.command_calls("zadd"), 5000);
    });
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blocks.csv");
    let wrong = [
        (
            "first,last,city\n1,2,3\n4,x,5\n",
            "line 3: `x` is not an IPv4 address",
        ),
        ("1,2,3\n5,4,6\n", "line 2: the range ends before it begins"),
        ("1,2,3\n4,5\n", "line 2: `` is not a city id"),
    ];
    components(["locations"], &server).scope_blocking(|| {
        for (text, expected) in wrong {
            std::fs::write(&file, text).unwrap();
            let error = import_ips_to_redis(&file, &ProgressBar::hidden()).unwrap_err();
            assert!(matches!(error, ImportError::Row { .. }), "{error:?}");
            assert!(error.to_string().ends_with(expected), "{error}");
        }
        let missing = folder.path().join("missing.csv");
        let error = import_cities_to_redis(&missing, &ProgressBar::hidden()).unwrap_err();
        assert!(
            error.to_string().contains("missing.csv` cannot be read"),
            "{error}"
        );
    });
}

/// The importing half blocks, the asking half does not; both are functions of one component.
fn import() {
    let bar = ProgressBar::hidden();
    assert_eq!(import_ips_to_redis(&data("blocks.csv"), &bar).unwrap(), 4);
    assert_eq!(
        import_cities_to_redis(&data("cities.csv"), &bar).unwrap(),
        2
    );
}

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/redis_in_action/data")
        .join(file)
}
