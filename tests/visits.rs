//! Visits of pages, called with a blocking connection.

use app::functions::visits::{record_visit, visits};
use redis_components_testing::Server;

#[test]
fn visits_are_counted_for_each_page() {
    let server = Server::start();
    let mut conn = server.connection();
    assert_eq!(visits(&mut conn, "/").unwrap(), 0);
    assert_eq!(record_visit(&mut conn, "/").unwrap(), 1);
    assert_eq!(record_visit(&mut conn, "/").unwrap(), 2);
    assert_eq!(record_visit(&mut conn, "/about").unwrap(), 1);
    assert_eq!(visits(&mut conn, "/").unwrap(), 2);
}

#[test]
fn concurrent_visitors_add_up() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut conn = server.connection();
                for _ in 0..50 {
                    record_visit(&mut conn, "/").unwrap();
                }
            });
        }
    });
    assert_eq!(visits(&mut server.connection(), "/").unwrap(), 400);
}
