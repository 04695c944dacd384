//! Logins that the application gives, and that expire.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use redis_components::{Credentials, CredentialsError, ErrorKind, Login, Settings};
use redis_components_testing::Server;
use serde_json::json;

use crate::common::traffic::{STEADY, Traffic, failures};
use crate::common::{
    HOUR, World, always_fresh, counter, declare, until, whereabouts, whereabouts_blocking, with,
};
use crate::secret_file::{add_password, remove_password};
use crate::{generation, problem};

/// How many tokens are used under load.
const TOKENS: u64 = 10;

/// A service that gives tokens, which a server takes until they expire. Each is followed by the
/// next when half of its time is over.
#[derive(Clone, Debug)]
struct TokenService(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    server: Server,
    lives: Option<Duration>,
    given: AtomicU64,
    fails: AtomicBool,
}

impl TokenService {
    fn start(lives: Option<Duration>) -> Self {
        let server = Server::start();
        server.command(&["SET", "name", "token"]);
        Self(Arc::new(Inner {
            server,
            lives,
            given: AtomicU64::new(0),
            fails: AtomicBool::new(false),
        }))
    }

    fn server(&self) -> &Server {
        &self.0.server
    }

    fn given(&self) -> u64 {
        self.0.given.load(Ordering::SeqCst)
    }

    fn fail(&self, fails: bool) {
        self.0.fails.store(fails, Ordering::SeqCst);
    }

    fn config(&self) -> String {
        let login = json!({"password": {"provider": "tokens"}});
        with(&self.server().config(), &login)
    }

    fn settings(&self, world: &World) -> Settings {
        world.settings().credentials("tokens", self.clone())
    }
}

impl Credentials for TokenService {
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
        Box::pin(async {
            // As a service in the network does.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if self.0.fails.load(Ordering::SeqCst) {
                return Err("the token service is down\nfor now".into());
            }
            let number = self.0.given.fetch_add(1, Ordering::SeqCst) + 1;
            let token = |number: u64| format!("token-S3cret-{number}");
            add_password(self.server(), &token(number));
            // The server takes the newest two.
            if let Some(old) = number.checked_sub(2).filter(|old| *old > 0) {
                remove_password(self.server(), &token(old));
            }
            let login = Login::new(token(number)).username("app");
            Ok(match self.0.lives {
                Some(lives) => login.expires(SystemTime::now() + lives),
                None => login,
            })
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_token_is_replaced_each_second_under_load_and_no_call_fails() {
    let world = World::start();
    // Half of the time is left when the next is asked for.
    let service = TokenService::start(Some(Duration::from_secs(2)));
    let logs = declare("logs", HOUR);
    world.set(logs, &service.config());
    service
        .settings(&world)
        .scope(async {
            let traffic = Traffic::start(logs, STEADY);
            traffic.goes_on(100).await;
            until("tokens follow each other", async || generation() > TOKENS).await;
            let calls = traffic.stop().await;
            assert_eq!(failures(&calls), [""; 0]);
            assert_eq!(counter(service.server()), calls.len() as u64);
            // Not one was asked for in vain.
            let (given, used) = (service.given(), generation());
            assert!(given - used <= 1, "{given} given, {used} used");
            println!(
                "figure: {} calls with {used} tokens, none failed",
                calls.len()
            );
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_a_service_that_fails_leaves_the_last_token_in_use() {
    let world = World::start();
    let service = TokenService::start(Some(Duration::from_secs(2)));
    let logs = declare("logs", HOUR);
    world.set(logs, &service.config());
    service
        .settings(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "token");
            service.fail(true);
            until("the problem is shown", async || problem().is_some()).await;
            let problem = problem().unwrap();
            let said = "`password` names the provider tokens, which gives no login: \
                the token service is down\\nfor now";
            assert!(problem.ends_with(said), "{problem}");
            assert!(problem.contains(logs.key()), "{problem}");
            assert_eq!(whereabouts(logs).await.unwrap(), "token");
            // A client that is made now logs in with it too.
            assert_eq!(whereabouts_blocking(logs).unwrap(), "token");
            let before = generation();
            service.fail(false);
            until("the next token is used", async || generation() > before).await;
            assert_eq!(crate::problem(), None);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_a_token_that_is_refused_is_replaced_before_a_call_fails() {
    let world = World::start();
    let service = TokenService::start(None);
    let logs = declare("logs", HOUR);
    world.set(logs, &service.config());
    service
        .settings(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "token");
            service
                .server()
                .command(&["ACL", "SETUSER", "app", "resetpass"]);
            // Another executor needs a client.
            assert_eq!(whereabouts_blocking(logs).unwrap(), "token");
            assert_eq!((service.given(), generation()), (2, 2));
            assert_eq!(whereabouts(logs).await.unwrap(), "token");
            assert_eq!((service.given(), generation()), (2, 2));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_components_that_share_a_provider_share_its_login() {
    let world = World::start();
    let service = TokenService::start(None);
    let components = ["one", "two", "three"].map(|name| declare(name, HOUR));
    for component in components {
        world.set(component, &service.config());
    }
    service
        .settings(&world)
        .scope(async {
            for component in components {
                assert_eq!(whereabouts(component).await.unwrap(), "token");
            }
            assert_eq!(service.given(), 1);
        })
        .await;
}

/// Panics, or never answers.
#[derive(Debug)]
struct Broken {
    panics: bool,
}

impl Credentials for Broken {
    fn login(&self) -> Pin<Box<dyn Future<Output = Result<Login, CredentialsError>> + Send + '_>> {
        assert!(!self.panics, "S3cret");
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_provider_that_is_missing_or_broken_is_a_typed_error_in_bounded_time() {
    let world = World::start();
    let config = with(
        &world.a.config(),
        &json!({"username": "app", "password": {"provider": "tokens"}}),
    );
    let settings = || {
        let settings = world.settings();
        settings.connect_timeout(Duration::from_secs(2))
    };
    let panics = |panics| settings().credentials("tokens", Broken { panics });
    let (lacking, unavailable) = (ErrorKind::ConfigInvalid, ErrorKind::ReferenceUnavailable);
    for (settings, reason, kind) in [
        (
            settings(),
            "which this process does not have (it has none)",
            lacking,
        ),
        (
            settings().credentials("other", Broken { panics: true }),
            "which this process does not have (it has other)",
            lacking,
        ),
        (panics(true), "which panicked", unavailable),
        (panics(false), "could not be read in time (2s)", unavailable),
    ] {
        let logs = always_fresh("logs");
        world.set(logs, &config);
        settings
            .scope(async {
                let error = logs.connection().await.unwrap_err();
                assert_eq!(error.kind(), kind, "{error}");
                let text = error.to_string();
                assert!(text.contains(reason), "{text}");
                assert!(!text.contains("S3cret"), "{text}");
                let error = whereabouts_blocking(logs).unwrap_err();
                assert_eq!(error.kind(), kind, "{error}");
                // A component that works is left alone.
                world.move_to(logs, &world.b);
                assert_eq!(whereabouts(logs).await.unwrap(), "b");
                world.set(logs, &config);
                assert_eq!(whereabouts(logs).await.unwrap(), "b");
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_the_config_servers_own_login_may_come_from_a_provider() {
    let world = World::start();
    let service = TokenService::start(None);
    let logs = always_fresh("logs");
    service
        .server()
        .command(&["SET", logs.key(), &world.a.config()]);
    crate::common::patient(Settings::new(service.config()))
        .credentials("tokens", service.clone())
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_the_config_server_is_reached_again_while_the_token_service_is_down() {
    let world = World::start();
    let service = TokenService::start(Some(HOUR));
    let logs = always_fresh("logs");
    let set = |server: &Server| {
        let config = server.config();
        service.server().command(&["SET", logs.key(), &config]);
    };
    set(&world.a);
    crate::common::patient(Settings::new(service.config()))
        .credentials("tokens", service.clone())
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let used = Instant::now();
            service.fail(true);
            service.server().stop();
            until("its login is older than a second", async || {
                used.elapsed() > Duration::from_millis(1500)
            })
            .await;
            service.server().restart();
            // The server has no file of its users.
            add_password(service.server(), "token-S3cret-1");
            set(&world.b);
            until("the watch is back", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            assert_eq!(service.given(), 1);
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r6_a_provider_is_not_asked_when_no_config_names_it_any_more() {
    let world = World::start();
    let service = TokenService::start(None);
    let logs = always_fresh("logs");
    world.set(logs, &service.config());
    service
        .settings(&world)
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "token");
            world.move_to(logs, &world.a);
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let left = Instant::now();
            until("it would have been asked", async || {
                left.elapsed() > Duration::from_millis(500)
            })
            .await;
            assert_eq!(service.given(), 1);
        })
        .await;
}
