//! A server that has no more places, and callers that want them.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use redis::{Commands, RedisResult};
use redis_components::{Component, Scope, Settings};
use redis_components_testing::Server;

use crate::common::always_fresh;
use crate::common::clients::{client_id, client_list};

/// A component on a server that takes so many clients beside the test's own.
pub(crate) fn limited(clients: usize) -> (Server, &'static Component) {
    let server = Server::start();
    limit(&server, clients);
    (server, always_fresh("logs"))
}

pub(crate) fn limit(server: &Server, clients: usize) {
    let limit = (1 + clients).to_string();
    server.command(&["CONFIG", "SET", "maxclients", &limit]);
}

pub(crate) fn settings(server: &Server) -> Settings {
    Settings::fixed([("logs", server.url())])
}

/// The numbers of the clients that have sent commands of calls.
pub(crate) fn callers(server: &Server) -> BTreeSet<String> {
    let of_calls = client_list(server)
        .into_iter()
        .filter(|line| line.contains("cmd=incr"));
    of_calls.map(|line| client_id(&line).to_owned()).collect()
}

pub(crate) fn count(component: &Component) -> Result<(), String> {
    let mut connection = component
        .blocking_connection()
        .map_err(|error| error.to_string())?;
    let counted: RedisResult<u64> = connection.incr("counter", 1);
    counted.map(drop).map_err(|error| error.to_string())
}

/// Others that want every place that becomes free, until this is dropped.
pub(crate) struct Crowd(Arc<AtomicBool>, Vec<thread::JoinHandle<()>>);

impl Crowd {
    pub(crate) fn at(port: u16) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let threads = (0..4).map(|_| {
            let ended = Arc::clone(&ended);
            thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                    let _ = stream.write_all(b"PING\r\n");
                    let mut answer = [0; 7];
                    // Whoever has a place keeps it.
                    while stream.read_exact(&mut answer).is_ok()
                        && &answer == b"+PONG\r\n"
                        && !ended.load(Ordering::Relaxed)
                    {
                        thread::sleep(Duration::from_millis(1));
                        let _ = stream.write_all(b"PING\r\n");
                    }
                }
            })
        });
        let threads = threads.collect();
        Self(ended, threads)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        for thread in self.1.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// Lets `threads` call until `enough`, and returns how long each call took or why it failed.
pub(crate) fn load(
    component: &'static Component,
    threads: usize,
    enough: impl Fn(usize) -> bool + Sync,
) -> Vec<(Duration, Result<(), String>)> {
    let scope = Scope::current().unwrap();
    let calls = Mutex::new(Vec::new());
    thread::scope(|running| {
        for _ in 0..threads {
            running.spawn(|| {
                scope.clone().run_blocking(|| {
                    for number in 0.. {
                        if enough(number) {
                            return;
                        }
                        let begun = Instant::now();
                        let outcome = count(component);
                        calls.lock().unwrap().push((begun.elapsed(), outcome));
                    }
                });
            });
        }
    });
    calls.into_inner().unwrap()
}
