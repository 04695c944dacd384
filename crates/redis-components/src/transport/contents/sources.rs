//! Where secrets may come from: the application's providers, and what its policy allows.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::config::login::Login;
use crate::error::text::{is_unprintable, printable};
use crate::settings::Settings;
use crate::settings::credentials::Credentials;
use crate::settings::policy::Policy;

/// How long a provider may take, although nobody waits for it any more.
const LONGEST: Duration = Duration::from_secs(30);
/// How long before its expiry a login is replaced, unless a fifth of its time is longer.
const IN_TIME: Duration = Duration::from_secs(180);

/// Where secrets may come from.
pub(crate) struct Sources {
    /// Each with the login that it has given last. They are asked once at a time.
    providers: BTreeMap<String, Provider>,
    policy: Arc<Policy>,
}

struct Provider {
    credentials: Arc<dyn Credentials>,
    last: Mutex<Option<Given>>,
}

/// A login, and when the next one is due.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) login: Login,
    at: Instant,
    pub(super) renew_at: Option<Instant>,
}

/// Which login is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The last, until the next one is due.
    Valid,
    /// The last, if it was given no longer ago than this. Does not wait for a provider that somebody
    /// else asks.
    Since(Duration),
    /// A new one.
    New,
}

impl Sources {
    pub(crate) fn new(settings: &Settings) -> Arc<Self> {
        let providers = settings.providers().iter();
        let all = providers.map(|(name, provider)| {
            let (credentials, last) = (Arc::clone(&provider.0), Mutex::default());
            (name.clone(), Provider { credentials, last })
        });
        Arc::new(Self {
            providers: all.collect(),
            policy: Arc::clone(settings.allowed()),
        })
    }

    /// Returns which files and variables may be read.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns a login of the provider. This blocks.
    ///
    /// # Errors
    ///
    /// Returns the reason, as it stands after "which", if there is none.
    pub(super) fn get(&self, name: &str, wanted: Wanted) -> Result<Given, String> {
        let Some(provider) = self.providers.get(name) else {
            return Err(self.unknown());
        };
        let mut last = match wanted {
            Wanted::Since(_) => provider.last.try_lock().or_else(|error| match error {
                std::sync::TryLockError::Poisoned(error) => Ok(error.into_inner()),
                std::sync::TryLockError::WouldBlock => Err("has not answered yet".to_owned()),
            })?,
            _ => provider.last.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let is_good = |given: &Given| match wanted {
            Wanted::Valid => given.renew_at.is_none_or(|due| Instant::now() < due),
            Wanted::Since(age) => given.at.elapsed() <= age,
            Wanted::New => false,
        };
        if let Some(given) = last.as_ref().filter(|given| is_good(given)) {
            return Ok(given.clone());
        }
        provider.ask(&mut last)
    }

    fn unknown(&self) -> String {
        let known: Vec<_> = self.providers.keys().map(|name| printable(name)).collect();
        let known = match known.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        format!("this process does not have (it has {known}); see `Settings::credentials`")
    }
}

impl Provider {
    fn ask(&self, last: &mut MutexGuard<'_, Option<Given>>) -> Result<Given, String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot be asked: {error}"))?;
        let call = || {
            let asked = async { timeout(LONGEST, self.credentials.login()).await };
            runtime.block_on(asked)
        };
        // It is other people's code.
        let answer = catch_unwind(AssertUnwindSafe(call));
        runtime.shutdown_background();
        let login = match answer {
            Ok(Ok(Ok(login))) => login,
            Ok(Ok(Err(error))) => {
                let error = printable(&error.to_string());
                return Err(format!("gives no login: {error}"));
            }
            Ok(Err(_)) => return Err(format!("gives no login within {LONGEST:?}")),
            Err(_) => return Err("panicked".to_owned()),
        };
        let (login, expires) = login.into_parts();
        let username = login.username.as_deref().unwrap_or_default();
        if username.contains(is_unprintable) {
            return Err("gives a user name that has a character in it that is not shown".into());
        }
        let at = Instant::now();
        let renew_at = expires
            .map(|expires| {
                let left = expires.duration_since(SystemTime::now());
                let left = left.map_err(|_| "gives a login that has expired".to_owned())?;
                Ok::<_, String>(at.checked_add(renewed_after(left, fastrand::f64())))
            })
            .transpose()?
            .flatten();
        let given = Given {
            login,
            at,
            renew_at,
        };
        **last = Some(given.clone());
        Ok(given)
    }
}

/// Returns the time after which a login is replaced that lives for `left`. Processes that began
/// together have another `chance` each, and do not ask together.
fn renewed_after(left: Duration, chance: f64) -> Duration {
    let spare = IN_TIME.max(left / 5).min(left / 2);
    left - spare - (spare / 4).mul_f64(chance)
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.providers.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::renewed_after;

    #[test]
    fn r3_a_login_is_replaced_in_time_before_it_expires() {
        for (left, from, to) in [
            // As services give them: a minute is what is left of three.
            (900, 675, 720),
            (3600, 2700, 2880),
            (86_400, 64_800, 69_120),
            (10, 3, 5),
            (0, 0, 0),
        ] {
            let bounds = Duration::from_secs(from)..=Duration::from_secs(to);
            for chance in [0.0, 0.5, 1.0] {
                let after = renewed_after(Duration::from_secs(left), chance);
                assert!(bounds.contains(&after), "{left}: {after:?}");
            }
        }
    }
}
