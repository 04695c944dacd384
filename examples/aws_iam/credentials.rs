//! Logins for a cache of Amazon ElastiCache that authenticates users by IAM.

use std::env;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use redis_components::{Credentials, CredentialsError, Login};

use crate::sigv4::{Keys, NO_BODY, Request, presign};

/// How long a token is taken for a login.
const VALID_FOR: Duration = Duration::from_secs(15 * 60);

/// Signs tokens for one user of one cache. A token is a presigned request without its scheme, and
/// nothing is sent to make it.
pub(crate) struct AwsIam {
    pub(crate) region: String,
    /// The name of the replication group or serverless cache, in lower case.
    pub(crate) cache: String,
    pub(crate) is_serverless: bool,
    /// The id of the user, which is its name too.
    pub(crate) user: String,
}

impl AwsIam {
    /// Returns a token that is valid from `at` on.
    pub(crate) fn token(&self, keys: &Keys, at: SystemTime) -> String {
        let mut parameters = vec![("Action", "connect"), ("User", &*self.user)];
        if self.is_serverless {
            parameters.push(("ResourceType", "ServerlessCache"));
        }
        let request = Request {
            region: &self.region,
            service: "elasticache",
            host: &self.cache,
            path: "/",
            parameters: &parameters,
            payload: NO_BODY,
            at,
            seconds: VALID_FOR.as_secs(),
        };
        format!("{}{}", self.cache, presign(keys, &request))
    }
}

impl Credentials for AwsIam {
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
        Box::pin(async {
            let now = SystemTime::now();
            let token = self.token(&keys()?, now);
            let login = Login::new(token).username(&self.user);
            Ok(login.expires(now + VALID_FOR))
        })
    }
}

/// Returns the keys of the environment. A program on EC2, ECS or EKS fetches them from the
/// metadata service instead, which this function may wait for.
fn keys() -> Result<Keys, CredentialsError> {
    let variable = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    Ok(Keys {
        access_key: variable("AWS_ACCESS_KEY_ID")?,
        secret_key: variable("AWS_SECRET_ACCESS_KEY")?,
        session_token: env::var("AWS_SESSION_TOKEN").ok(),
    })
}

impl fmt::Debug for AwsIam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsIam")
            .field("cache", &self.cache)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
