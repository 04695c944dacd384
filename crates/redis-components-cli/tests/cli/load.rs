//! A component on one of two servers, and callers that count what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use redis_components::__private::{Declaration, component};
use redis_components::{Component, Scope, Settings};
use redis_components_testing::Server;
use serde_json::Value;

use crate::common::{Operator, wait_until};

pub(crate) const RECORD: &str = "redis-components:move:logs";

/// A config server, and two servers of which the first has the data of `logs`.
pub(crate) struct World {
    pub(crate) config: Server,
    pub(crate) servers: [Server; 2],
    pub(crate) operator: Operator,
}

impl World {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts both servers with more options.
    pub(crate) fn start_with(words: &[&str]) -> Self {
        let words = [&["--repl-diskless-sync-delay", "0"], words].concat();
        Self::of([(), ()].map(|()| Server::start_with(&words)))
    }

    /// Puts `logs` on the first of two servers.
    pub(crate) fn of(servers: [Server; 2]) -> Self {
        let config = Server::start();
        let operator = Operator::of(&config);
        operator.make_logs(&servers[0]);
        servers[0].command(&["SET", "known", "before"]);
        Self {
            config,
            servers,
            operator,
        }
    }

    pub(crate) fn address(&self, server: usize) -> String {
        format!("127.0.0.1:{}", self.servers[server].port())
    }

    pub(crate) fn state(&self) -> String {
        let (code, envelope) = self.operator.json(&["move", "logs", "--status"]);
        let state = envelope["data"]["state"].as_str();
        let state = state.unwrap_or_else(|| panic!("{envelope:#}"));
        // A person must decide about it.
        assert_eq!(code, if state == "split" { 6 } else { 0 }, "{envelope:#}");
        state.to_owned()
    }

    /// Returns the record of the move.
    pub(crate) fn record(&self) -> Value {
        let record = self.config.command(&["GET", RECORD]);
        serde_json::from_str(&redis::from_redis_value::<String>(record).unwrap()).unwrap()
    }

    /// Changes the record as another command would have.
    pub(crate) fn change_record(&self, field: &str, value: &Value) {
        let mut record = self.record();
        record[field] = value.clone();
        self.config.command(&["SET", RECORD, &record.to_string()]);
    }

    pub(crate) fn port(&self) -> u64 {
        let config = self.operator.data(&["get", "logs"]);
        config["config"]["port"].as_u64().unwrap()
    }

    pub(crate) fn is_on(&self, server: usize) {
        assert_eq!(self.port(), u64::from(self.servers[server].port()));
        let known = self.servers[server].command(&["GET", "known"]);
        assert_eq!(redis::from_redis_value::<String>(known).unwrap(), "before");
    }
}

pub(crate) fn role(server: &Server) -> String {
    let role: Vec<redis::Value> = redis::from_redis_value(server.command(&["ROLE"])).unwrap();
    redis::from_redis_value(role[0].clone()).unwrap()
}

/// Threads that count through the runtime until told to stop.
pub(crate) struct Load {
    pub(crate) stop: Arc<AtomicBool>,
    threads: Vec<(String, thread::JoinHandle<u64>)>,
    done: Arc<AtomicU64>,
}

impl Load {
    pub(crate) fn start(config: &Server) -> Self {
        let logs: &'static Component = Box::leak(Box::new(component(Declaration {
            name: "logs",
            key: "config:redis:logs",
            key_prefix: "config:redis:",
            has_own_key: false,
            wait: Duration::from_secs(1),
            connections: 1,
            config_server: None,
        })));
        let settings = Settings::new(config.url()).response_timeout(Duration::from_secs(20));
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let scope = settings.scope_blocking(|| Scope::current().unwrap());
        let threads = (0..4).map(|number| {
            let key = format!("counter:{number}");
            let (stop, done, scope) = (Arc::clone(&stop), Arc::clone(&done), scope.clone());
            let counted = key.clone();
            let counting = thread::spawn(move || {
                scope.run_blocking(|| {
                    let mut acknowledged = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let mut connection = logs.blocking_connection().unwrap();
                        let count: u64 = redis::cmd("INCR")
                            .arg(&counted)
                            .query(&mut connection)
                            .unwrap();
                        acknowledged += 1;
                        assert_eq!(count, acknowledged, "each is counted once");
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    acknowledged
                })
            });
            (key, counting)
        });
        Self {
            threads: threads.collect(),
            stop,
            done,
        }
    }

    pub(crate) fn goes_on(&self) {
        let before = self.done.load(Ordering::Relaxed);
        wait_until("calls go on", || {
            self.done.load(Ordering::Relaxed) > before + 100
        });
    }

    /// Waits until all callers have stopped.
    pub(crate) fn halt(&self) {
        self.stop.store(true, Ordering::Relaxed);
        wait_until("the callers have stopped", || {
            self.threads.iter().all(|(_, thread)| thread.is_finished())
        });
    }

    /// Returns `true` if a caller was told something wrong.
    pub(crate) fn has_failed(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
            && self.threads.iter().any(|(_, thread)| thread.is_finished())
    }

    /// Compares what callers were told with what a server holds.
    pub(crate) fn end(self, server: &Server) {
        self.end_where(|key| redis::from_redis_value(server.command(&["GET", key])).unwrap());
    }

    /// Compares what callers were told with what is held.
    pub(crate) fn end_where(self, held: impl Fn(&str) -> u64) {
        self.stop.store(true, Ordering::Relaxed);
        for (key, thread) in self.threads {
            let acknowledged = thread.join().unwrap();
            assert_eq!(held(&key), acknowledged, "{key}");
        }
    }
}
