//! Asks for a component whose config cannot be used, in all ways.

use std::time::{Duration, Instant};

use redis_components::{ErrorKind, Scope, Settings, status};

use crate::common::{SOON, World, always_fresh, whereabouts};

/// A config that cannot be used, and what is said of it.
pub(crate) struct Refused<'a> {
    pub(crate) config: &'a str,
    pub(crate) kind: ErrorKind,
    /// What each message contains: the server, why, and what to do.
    pub(crate) says: &'a [&'a str],
    /// How long a server may be silent.
    pub(crate) patience: Duration,
}

/// For servers that say nothing. Others answer before a busy machine has waited that long.
pub(crate) const SILENT: Duration = Duration::from_secs(2);

/// Asserts what is said of a config, to a component that works and goes on, and to one that never
/// had a config, by tasks and by threads.
pub(crate) async fn is_refused(config: &str, kind: ErrorKind, says: &[&str]) {
    let refused = Refused {
        config,
        kind,
        says,
        patience: SOON,
    };
    refused.check().await;
}

impl Refused<'_> {
    pub(crate) async fn check(&self) {
        let world = World::start();
        let logs = always_fresh("logs");
        world.move_to(logs, &world.a);
        let works = async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.set(logs, self.config);
            let deadline = Instant::now() + SOON;
            loop {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                let problem = status().components[0].problem.clone().unwrap_or_default();
                match self.says.iter().find(|part| !problem.contains(**part)) {
                    None => break,
                    Some(part) => assert!(Instant::now() < deadline, "{part}: {problem}"),
                }
            }
        };
        self.settings(&world).scope(works).await;

        let error = self.settings(&world).scope(logs.connection()).await;
        let error = error.unwrap_err();
        let on_thread = async {
            let scope = Scope::current().unwrap();
            let call = move || scope.run_blocking(|| logs.blocking_connection().map(drop));
            tokio::task::spawn_blocking(call).await.unwrap()
        };
        let by_thread = self.settings(&world).scope(on_thread).await.unwrap_err();
        for error in [error, by_thread] {
            let text = error.to_string();
            assert_eq!(error.kind(), self.kind, "{text}");
            assert_eq!(error.component(), Some("logs"), "{text}");
            assert_eq!(error.key(), Some(logs.key()), "{text}");
            for part in self.says.iter().chain(&[logs.key()]) {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }

    fn settings(&self, world: &World) -> Settings {
        let settings = world.settings();
        settings
            .connect_timeout(self.patience)
            .response_timeout(self.patience)
    }
}
