//! The providers of logins of the examples.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "../examples/aws_iam/credentials.rs"]
mod aws_iam;
#[path = "../examples/aws_iam/sigv4.rs"]
mod sigv4;
#[path = "../examples/token_file/credentials.rs"]
mod token_file;

use std::time::{Duration, SystemTime};

use app::logs;
use redis_components::{Settings, status};
use redis_components_testing::Server;
use serde_json::json;

use self::aws_iam::AwsIam;
use self::sigv4::{Keys, Request, presign};
use self::token_file::TokenFile;

const SOON: Duration = Duration::from_secs(25);

/// 2013-05-24T00:00:00Z, and the keys of the examples in the documentation of AWS.
const TIME: Duration = Duration::from_secs(1_369_353_600);

fn keys(session_token: Option<&str>) -> Keys {
    Keys {
        access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: session_token.map(str::to_owned),
    }
}

/// See "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
#[test]
fn a_request_is_signed_as_in_the_documentation_of_aws() {
    let request = Request {
        region: "us-east-1",
        service: "s3",
        host: "examplebucket.s3.amazonaws.com",
        path: "/test.txt",
        parameters: &[],
        payload: "UNSIGNED-PAYLOAD",
        at: SystemTime::UNIX_EPOCH + TIME,
        seconds: 86_400,
    };
    assert_eq!(
        presign(&keys(None), &request),
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

#[test]
fn a_token_of_elasticache_is_a_presigned_request_to_connect() {
    let iam = |is_serverless| AwsIam {
        region: "eu-west-1".to_owned(),
        cache: "my-cache".to_owned(),
        is_serverless,
        user: "my-user".to_owned(),
    };
    let at = SystemTime::UNIX_EPOCH + TIME;
    let token = iam(false).token(&keys(Some("a/b+c=")), at);
    let begin = "my-cache/?Action=connect&User=my-user&X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Feu-west-1%2Felasticache%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=900\
        &X-Amz-Security-Token=a%2Fb%2Bc%3D&X-Amz-SignedHeaders=host&X-Amz-Signature=";
    assert!(token.starts_with(begin), "{token}");
    assert_eq!(token.len(), begin.len() + 64);
    let serverless = iam(true).token(&keys(None), at);
    let begin = "my-cache/?Action=connect&ResourceType=ServerlessCache&User=my-user&";
    assert!(serverless.starts_with(begin), "{serverless}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_renewed_in_its_file_is_followed() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token.json");
    let renew = |number: u64| {
        let token = format!("token-{number}");
        let user = ["ACL", "SETUSER", "app", "on", "~*", "+@all"];
        server.command(&[&user[..], &[&format!(">{token}")]].concat());
        let lives = SystemTime::now() + Duration::from_secs(4);
        let expires = lives.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let content = json!({"username": "app", "token": token, "expires_on": expires.as_secs()});
        let new = folder.path().join("new.json");
        std::fs::write(&new, content.to_string()).unwrap();
        std::fs::rename(new, &file).unwrap();
    };
    renew(1);
    let config = json!({
        "host": "127.0.0.1", "port": server.port(), "password": {"provider": "token"},
    });
    Settings::fixed([("logs", config.to_string())])
        .connect_timeout(SOON)
        .response_timeout(SOON)
        .credentials("token", TokenFile(file.clone()))
        .scope(async {
            logs::log_recent("main", "first").await.unwrap();
            let generation = || {
                let components = status().components;
                components[0].current.as_ref().unwrap().generation
            };
            assert_eq!(generation(), 1);
            renew(2);
            let deadline = SystemTime::now() + SOON;
            while generation() == 1 {
                assert!(SystemTime::now() < deadline, "the new token is not used");
                logs::log_recent("main", "again").await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
}
