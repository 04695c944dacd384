//! A provider of logins, with the login that it gave last.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Builder;
use tokio::time::timeout;

use super::renewal::renewed_after;
use super::wanted::Wanted;
use crate::config::login::Login;
use crate::error::text::{is_unprintable, printable};
use crate::settings::credentials::Credentials;

/// How long a provider may take, although nobody waits for it any more.
const LONGEST: Duration = Duration::from_secs(30);
/// A provider that gives no login, or one that servers refuse, is asked no more often than this by
/// connects.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// A provider of logins.
pub(super) struct Provider {
    credentials: Arc<dyn Credentials>,
    state: Mutex<State>,
    /// Tells that the provider has answered.
    answered: Condvar,
}

#[derive(Default)]
struct State {
    is_asked: bool,
    last: Option<Given>,
    /// When it gave no login, and why, since the last.
    failed: Option<(Instant, String)>,
}

/// A login, and when the next one is due.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) login: Login,
    pub(super) renew_at: Option<Instant>,
    at: Instant,
    expires_at: Option<Instant>,
    /// Whether a server has refused it.
    is_refused: bool,
}

impl Provider {
    pub(super) fn new(credentials: Arc<dyn Credentials>) -> Self {
        Self {
            credentials,
            state: Mutex::default(),
            answered: Condvar::new(),
        }
    }

    /// Returns a login. This blocks.
    ///
    /// # Errors
    ///
    /// Returns the reason, as it stands after "which", if there is none.
    pub(super) fn get(&self, wanted: Wanted) -> Result<Given, String> {
        let begun = Instant::now();
        let mut state = self.state();
        loop {
            if let Some(known) = state.known(wanted) {
                return known;
            }
            if !state.is_asked {
                break;
            }
            state = match wanted {
                Wanted::ToConnect(patience) => {
                    let left = patience.saturating_sub(begun.elapsed());
                    if left.is_zero() {
                        return Err("has not answered yet".to_owned());
                    }
                    let waited = self.answered.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                _ => {
                    let waited = self.answered.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        state.is_asked = true;
        drop(state);
        let asked = self.ask();
        let mut state = self.state();
        state.is_asked = false;
        self.answered.notify_all();
        match asked {
            Ok(given) => {
                (state.last, state.failed) = (Some(given.clone()), None);
                Ok(given)
            }
            Err(reason) => {
                state.failed = Some((Instant::now(), reason.clone()));
                match wanted {
                    Wanted::ToConnect(_) => state.usable().ok_or(reason),
                    _ => Err(reason),
                }
            }
        }
    }

    pub(super) fn note_refused(&self, login: &Login) {
        let mut state = self.state();
        if let Some(last) = &mut state.last {
            last.is_refused |= last.login.password == login.password;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self) -> Result<Given, String> {
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
        let left = expires
            .map(|expires| expires.duration_since(SystemTime::now()))
            .transpose()
            .map_err(|_| "gives a login that has expired".to_owned())?;
        let at = Instant::now();
        Ok(Given {
            login,
            renew_at: left.and_then(|left| at.checked_add(renewed_after(left, fastrand::f64()))),
            at,
            expires_at: left.and_then(|left| at.checked_add(left)),
            is_refused: false,
        })
    }
}

impl State {
    /// Returns what is known without asking, if that is good enough.
    fn known(&self, wanted: Wanted) -> Option<Result<Given, String>> {
        let last = self.last.as_ref();
        let current = last.filter(|given| given.renew_at.is_none_or(|due| Instant::now() < due));
        let failed = self.failed.as_ref();
        match wanted {
            Wanted::New => None,
            Wanted::Valid => current.cloned().map(Ok),
            Wanted::Known => {
                let reason = failed.map(|(_, reason)| Err(reason.clone()));
                current.cloned().map(Ok).or(reason)
            }
            Wanted::ToConnect(_) => {
                let is_young = |at: Instant| at.elapsed() <= ASKED_EVERY;
                let current = current.filter(|given| !given.is_refused || is_young(given.at));
                if let Some(current) = current {
                    return Some(Ok(current.clone()));
                }
                let failed = failed.filter(|(at, _)| is_young(*at));
                let may_be_taken =
                    |given: &Given| failed.is_some() || self.is_asked && !given.is_refused;
                let usable = self.usable().filter(may_be_taken).map(Ok);
                usable.or(failed.map(|(_, reason)| Err(reason.clone())))
            }
        }
    }

    /// Returns the last login if it has not expired.
    fn usable(&self) -> Option<Given> {
        let is_valid = |given: &&Given| given.expires_at.is_none_or(|end| Instant::now() < end);
        self.last.as_ref().filter(is_valid).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;
    use std::time::{Duration, Instant, SystemTime};

    use super::{ASKED_EVERY, Provider, Wanted};
    use crate::settings::credentials::{Credentials, CredentialsError, Login};

    const TO_CONNECT: Wanted = Wanted::ToConnect(Duration::from_secs(60));

    /// Gives numbered logins, until it fails.
    #[derive(Debug, Default)]
    struct Service {
        takes: Duration,
        lives: Option<Duration>,
        asked: AtomicU64,
        fails: AtomicBool,
    }

    impl Credentials for Service {
        fn login(
            &self,
        ) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
            Box::pin(async {
                let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(self.takes).await;
                if self.fails.load(Ordering::SeqCst) {
                    return Err("it is down".into());
                }
                let login = Login::new(number.to_string());
                Ok(match self.lives {
                    Some(lives) => login.expires(SystemTime::now() + lives),
                    None => login,
                })
            })
        }
    }

    fn provider(service: Service) -> (Arc<Service>, Arc<Provider>) {
        let service = Arc::new(service);
        let credentials: Arc<dyn Credentials> = service.clone();
        (service, Arc::new(Provider::new(credentials)))
    }

    fn password(provider: &Provider, wanted: Wanted) -> Result<String, String> {
        let given = provider.get(wanted)?;
        Ok(given.login.password.unwrap().expose().to_owned())
    }

    fn becomes_old(given_by: Instant) {
        while given_by.elapsed() <= ASKED_EVERY {
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn r5_a_login_that_is_not_due_connects_without_its_provider() {
        let (service, provider) = provider(Service {
            lives: Some(Duration::from_secs(3600)),
            ..Service::default()
        });
        assert_eq!(password(&provider, TO_CONNECT).unwrap(), "1");
        let given_by = Instant::now();
        service.fails.store(true, Ordering::SeqCst);
        becomes_old(given_by);
        assert_eq!(password(&provider, TO_CONNECT).unwrap(), "1");
        assert_eq!(service.asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn r5_a_login_that_is_refused_is_replaced_unless_there_is_no_other() {
        let (service, provider) = provider(Service::default());
        let first = provider.get(TO_CONNECT).unwrap();
        becomes_old(Instant::now());
        provider.note_refused(&first.login);
        assert_eq!(password(&provider, TO_CONNECT).unwrap(), "2");
        // That one is another.
        provider.note_refused(&first.login);
        becomes_old(Instant::now());
        assert_eq!(password(&provider, TO_CONNECT).unwrap(), "2");
        let second = provider.get(TO_CONNECT).unwrap();
        provider.note_refused(&second.login);
        service.fails.store(true, Ordering::SeqCst);
        let failed_after = Instant::now();
        for _ in 0..10 {
            assert_eq!(password(&provider, TO_CONNECT).unwrap(), "2");
        }
        let asked = service.asked.load(Ordering::SeqCst) - 2;
        assert!(u128::from(asked) <= 1 + failed_after.elapsed().as_millis() / 1000);
        let reason = password(&provider, Wanted::New).unwrap_err();
        assert_eq!(reason, "gives no login: it is down");
    }

    #[test]
    fn r10_connects_wait_for_a_provider_that_is_asked_already() {
        let (service, provider) = provider(Service {
            takes: Duration::from_millis(300),
            ..Service::default()
        });
        let connects: Vec<_> = (0..3)
            .map(|_| {
                let provider = Arc::clone(&provider);
                thread::spawn(move || password(&provider, TO_CONNECT))
            })
            .collect();
        for connect in connects {
            assert_eq!(connect.join().unwrap().unwrap(), "1");
        }
        assert_eq!(service.asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn r10_a_connect_waits_for_a_provider_in_bounded_time() {
        let (service, provider) = provider(Service {
            takes: Duration::from_secs(5),
            ..Service::default()
        });
        let asks = Arc::clone(&provider);
        let first = thread::spawn(move || password(&asks, TO_CONNECT));
        while service.asked.load(Ordering::SeqCst) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let soon = Wanted::ToConnect(Duration::from_millis(50));
        assert_eq!(
            password(&provider, soon).unwrap_err(),
            "has not answered yet"
        );
        assert!(!first.is_finished());
        assert_eq!(first.join().unwrap().unwrap(), "1");
    }
}
