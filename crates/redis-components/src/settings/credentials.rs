//! Logins that the application gives.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use crate::config::login;
use crate::config::secret::Secret;

/// Gives logins that are made, or fetched, when they are needed: tokens of a cloud service, for
/// example.
///
/// A config names it as `"password": {"provider": "NAME"}`, with the name under which
/// [`Settings::credentials`](crate::Settings::credentials) has it. If the config gives no
/// `username`, the login's counts.
///
/// The runtime asks for a login before the first client of a config is made, again in time before
/// it [expires](Login::expires), and when a server has refused it. It asks once at a time, on a
/// thread beside all calls, under a tokio runtime that lives as long as the call. Another login is
/// a swap: its client is probed before the first call uses it. After an error the last login stays
/// in use, and the runtime asks again.
///
/// ```
/// use std::future::Future;
/// use std::pin::Pin;
///
/// use redis_components::{Credentials, CredentialsError, Login, Settings};
///
/// #[derive(Debug)]
/// struct TokenFile;
///
/// impl Credentials for TokenFile {
///     fn login(&self) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
///         Box::pin(async {
///             let token = std::fs::read_to_string("/var/run/token")?;
///             Ok(Login::new(token.trim_end()).username("app"))
///         })
///     }
/// }
///
/// let settings = Settings::new("redis://config.internal").credentials("token", TokenFile);
/// ```
pub trait Credentials: fmt::Debug + Send + Sync + 'static {
    /// Returns a login that is valid now.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none. Its text is shown to people, and must hold no secret.
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>>;
}

/// Why [`Credentials`] gives no login.
pub type CredentialsError = Box<dyn std::error::Error + Send + Sync>;

/// A login that [`Credentials`] gives. Its password is never shown.
#[derive(Clone, Debug)]
pub struct Login {
    login: login::Login,
    expires: Option<SystemTime>,
}

impl Login {
    /// Returns a login with this password or token. It does not expire.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self {
            login: login::Login {
                username: None,
                password: Some(Secret::new(password)),
            },
            expires: None,
        }
    }

    /// Sets the user, for configs that give none.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.login.username = Some(username.into());
        self
    }

    /// Sets the time at which servers stop taking the login. The runtime asks for the next one
    /// three minutes before, or when a fifth of the time is left if that is longer; but not before
    /// half of the time is over.
    #[must_use]
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    pub(crate) fn into_parts(self) -> (login::Login, Option<SystemTime>) {
        (self.login, self.expires)
    }
}

/// The providers of logins, by name.
pub(crate) type Providers = BTreeMap<String, Provider>;

/// A provider of logins.
#[derive(Clone)]
pub(crate) struct Provider(pub(crate) Arc<dyn Credentials>);

/// A panic of a provider is caught where it is asked, so that settings are as safe to carry across
/// unwinding as without any.
impl UnwindSafe for Provider {}
impl RefUnwindSafe for Provider {}
