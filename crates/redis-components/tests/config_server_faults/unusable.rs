//! A config server that refuses, or is none.

use redis_components::{ErrorKind, Settings};
use redis_components_testing::Server;

use crate::common::always_fresh;
use crate::common::cold::cold_errors;
use crate::common::impostors::{impostor, refuses, tarpit, web_server};

#[tokio::test]
async fn r10_a_config_server_that_cannot_be_used_is_named_in_a_typed_error() {
    let locked = Server::start_with(&["--requirepass", "right"]);
    let wrong_password = format!("redis://:S3CR3T-7f@127.0.0.1:{}", locked.port());
    let cases = [
        (
            format!("redis://127.0.0.1:{}", refuses()),
            ErrorKind::ConfigServerUnreachable,
        ),
        (
            format!("redis://127.0.0.1:{}", impostor(tarpit)),
            ErrorKind::ConfigServerUnreachable,
        ),
        (
            format!("redis://127.0.0.1:{}", impostor(web_server)),
            ErrorKind::ConfigServerRefused,
        ),
        (locked.url(), ErrorKind::ConfigServerRefused),
        (wrong_password, ErrorKind::ConfigServerRefused),
    ];
    for (url, expected) in cases {
        for error in cold_errors(Settings::new(url), expected).await {
            assert!(
                !format!("{error} {error:?}").contains("S3CR3T"),
                "{error:?}"
            );
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!format!("{source:?}").contains("S3CR3T"), "{source:?}");
        }
    }
}

#[tokio::test]
async fn r8_a_config_server_url_that_cannot_be_used_is_refused_without_being_shown() {
    for url in [
        "S3CR3T-7f",
        "redis://:S3CR3T-7f@h:99999",
        "rediss://:S3CR3T-7f@h#",
        "unix://S3CR3T-7f",
    ] {
        let logs = always_fresh("logs");
        let error = Settings::new(url)
            .scope(logs.connection())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert!(
            !format!("{error} {error:?}").contains("S3CR3T"),
            "{error:?}"
        );
    }
}
