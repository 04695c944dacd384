//! Calls of a process that has no config and no client yet.

use std::time::Instant;

use redis_components::{Error, ErrorKind, Settings};

use super::{SOON, always_fresh};

/// A cold call's error, asynchronous and blocking, each in bounded time.
pub(crate) async fn cold_errors(settings: Settings, expected: ErrorKind) -> [Error; 2] {
    let (one, two) = (always_fresh("logs"), always_fresh("logs"));
    let begun = Instant::now();
    let asynchronous = settings
        .clone()
        .scope(async { one.connection().await.unwrap_err() })
        .await;
    let blocking = settings.scope_blocking(|| two.blocking_connection().unwrap_err());
    assert!(begun.elapsed() < 2 * SOON, "{:?}", begun.elapsed());
    for error in [&asynchronous, &blocking] {
        assert_eq!(error.kind(), expected, "{error}");
        assert_eq!(error.component(), Some("logs"));
        assert_eq!(error.key(), Some("config:redis:logs"));
        assert!(
            error
                .server()
                .is_some_and(|server| server.starts_with("127.0.0.1:")),
            "{error:?}"
        );
    }
    [asynchronous, blocking]
}
