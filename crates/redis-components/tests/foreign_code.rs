//! R2 and R10 with code of others that the runtime calls: subscribers of events, recorders of metrics and wakers that panic or
//! block.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::fmt::{Debug, Write};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::{SOON, World, declare, until, whereabouts};
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata as MetricMetadata, Recorder, SharedString,
    Unit,
};
use redis_components::{
    Component, ComponentConfig, ConfigSource, Scope, Settings, blocking, set_config, status,
};
use redis_components_testing::Server;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const WAIT: Duration = Duration::from_millis(50);

/// What code of others does when it meets a text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    PanicOnce,
    PanicAlways,
    Block(Duration),
    /// To ask for the status, as a recorder may that adds a label to a metric.
    AskForStatus,
    /// Calls [`CALLED`].
    CallOnce,
}

static CALLED: OnceLock<&Component> = OnceLock::new();
static ANSWERED: AtomicBool = AtomicBool::new(false);

static FAULTS: Mutex<Vec<(String, Fault)>> = Mutex::new(Vec::new());
static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn on(text: impl Into<String>, fault: Fault) {
    FAULTS.lock().unwrap().push((text.into(), fault));
}

/// Does what is to be done at `text`.
fn meet(text: &str) {
    let mut faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(at) = faults.iter().position(|(what, _)| text.contains(what)) else {
        return;
    };
    let (what, fault) = faults[at].clone();
    if matches!(fault, Fault::PanicOnce | Fault::CallOnce) {
        faults.remove(at);
    }
    drop(faults);
    match fault {
        Fault::CallOnce => {
            let answered = CALLED.get().unwrap().blocking_connection().is_ok();
            ANSWERED.store(answered, Ordering::SeqCst);
        }
        Fault::Block(time) => thread::sleep(time),
        Fault::AskForStatus => drop(status()),
        Fault::PanicOnce | Fault::PanicAlways => panic!("on purpose, at {what}"),
    }
}

/// A subscriber and a recorder.
struct Foreign;

struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, "{field}={value} ").unwrap();
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Foreign {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("redis_components")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        LOG.lock().unwrap().push(line.0.clone());
        meet(&line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Recorder for Foreign {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &MetricMetadata<'_>) -> Counter {
        meet(&format!("metric {key}"));
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &MetricMetadata<'_>) -> Gauge {
        meet(&format!("metric {key}"));
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &MetricMetadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        tracing::subscriber::set_global_default(Foreign).unwrap();
        metrics::set_global_recorder(Foreign).unwrap();
    });
}

fn lines(what: &str, whose: &str) -> usize {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    log.iter()
        .filter(|line| line.contains(what) && line.contains(whose))
        .count()
}

/// Moves a component to `b` and back, and then a new one and `set_config` work as well.
async fn all_is_well(world: &World, source: ConfigSource) {
    let logs = declare("logs", WAIT);
    for (server, name) in [(&world.b, "b"), (&world.a, "a")] {
        world.move_to(logs, server);
        until("the move is seen", async || {
            whereabouts(logs).await.is_ok_and(|here| here == name)
        })
        .await;
    }
    let new = declare("new", WAIT);
    let config = ComponentConfig::new("127.0.0.1").port(world.b.port());
    set_config(new, &config).await.unwrap();
    assert_eq!(whereabouts(new).await.unwrap(), "b");
    until("the state is right", async || {
        let components = status().components;
        let is_right = |component: &redis_components::ComponentStatus| {
            component.source == source && component.problem.is_none()
        };
        components.iter().all(is_right)
    })
    .await;
}

async fn no_config(fault: Fault, push: bool) {
    install();
    let world = World::start();
    let logs = declare("logs", WAIT);
    let server = format!("127.0.0.1:{}", world.config.port());
    world.move_to(logs, &world.a);
    let source = if push {
        ConfigSource::Push
    } else {
        ConfigSource::Poll
    };
    let settings = world.settings().push(push);
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            on(format!("config server {server} is refused"), fault);
            world.set(logs, "no config");
            until("it is met", async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                lines("no config", &server) > 0
            })
            .await;
            all_is_well(&world, source).await;
            if fault == Fault::PanicOnce {
                until("the panic is told", async || lines("panicked", &server) > 0).await;
            }
        })
        .await;
}

#[tokio::test]
async fn r2_a_subscriber_that_panics_once_does_not_end_the_watch() {
    no_config(Fault::PanicOnce, true).await;
    no_config(Fault::PanicOnce, false).await;
}

#[tokio::test]
async fn r2_a_subscriber_that_panics_every_time_does_not_end_the_watch() {
    no_config(Fault::PanicAlways, true).await;
    no_config(Fault::PanicAlways, false).await;
}

#[tokio::test]
async fn r10_a_subscriber_that_blocks_holds_up_no_call() {
    let begun = Instant::now();
    let blocks = Duration::from_secs(20);
    no_config(Fault::Block(blocks), true).await;
    no_config(Fault::Block(blocks), false).await;
    assert!(
        begun.elapsed() < blocks,
        "held up for {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn r2_a_subscriber_that_panics_at_the_loss_of_the_config_server_does_not_end_the_watch() {
    install();
    let world = World::start();
    let logs = declare("logs", WAIT);
    let server = format!("127.0.0.1:{}", world.config.port());
    world.move_to(logs, &world.a);
    let settings = world.settings();
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            on(format!("server={server} "), Fault::PanicAlways);
            world.config.stop();
            until("the loss is met", async || {
                assert_eq!(whereabouts(logs).await.unwrap(), "a");
                lines("config server is lost", &server) > 0
            })
            .await;
            world.config.restart();
            all_is_well(&world, ConfigSource::Push).await;
        })
        .await;
}

#[tokio::test]
async fn r2_a_recorder_that_panics_does_not_end_the_watch_and_hides_no_event() {
    install();
    let world = World::start();
    let logs = declare("logs", WAIT);
    let server = format!("127.0.0.1:{}", world.config.port());
    world.move_to(logs, &world.a);
    on(format!("server = {server}"), Fault::PanicAlways);
    let settings = world.settings();
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            world.config.stop();
            until("the loss is told", async || {
                lines("config server is lost", &server) > 0
            })
            .await;
            world.config.restart();
            all_is_well(&world, ConfigSource::Push).await;
            until("the panic is told", async || lines("panicked", &server) > 0).await;
        })
        .await;
}

/// Has the event of a pool that cannot grow meet a fault. Other calls go on.
fn cannot_grow(fault: Fault) {
    install();
    let server = Server::start();
    // One beside the test's own.
    server.command(&["CONFIG", "SET", "maxclients", "2"]);
    let at = format!("server=127.0.0.1:{} connections=", server.port());
    on(at.clone(), fault);
    let logs = *CALLED.get_or_init(|| declare("grows", WAIT));
    Settings::fixed([("grows", server.url())]).scope_blocking(|| {
        let only = logs.blocking_connection().unwrap();
        let scope = Scope::current().unwrap();
        let told =
            thread::spawn(move || scope.run_blocking(|| logs.blocking_connection().map(drop)));
        let begun = Instant::now();
        while lines("cannot be opened", &at) == 0 {
            assert!(begun.elapsed() < SOON, "the pool does not tell");
            thread::yield_now();
        }
        match fault {
            Fault::PanicOnce => drop(told.join().unwrap_err()),
            Fault::CallOnce => {
                drop(only);
                told.join().unwrap().unwrap();
                assert!(ANSWERED.load(Ordering::SeqCst), "it waited for itself");
                return;
            }
            _ => {}
        }
        drop(only);
        for _ in 0..10 {
            let usable = logs.blocking_connection().map(drop);
            assert!(usable.is_ok(), "{fault:?}: {usable:?}");
        }
    });
}

#[test]
fn r10_a_subscriber_that_panics_or_blocks_closes_no_blocking_pool_to_others() {
    cannot_grow(Fault::PanicOnce);
    cannot_grow(Fault::Block(Duration::from_secs(20)));
}

#[test]
fn r10_a_subscriber_may_call_the_component_whose_pool_it_is_told_of() {
    cannot_grow(Fault::CallOnce);
}

#[tokio::test]
async fn r4_a_subscriber_that_panics_prevents_no_cut_at_the_drain_deadline() {
    install();
    let world = World::start();
    let logs = declare("drained", WAIT);
    world.move_to(logs, &world.a);
    let settings = world
        .settings()
        .drain_deadline(Duration::from_millis(100))
        .cut_at_drain_deadline(true);
    settings
        .scope(async {
            let kept = logs.connection().await.unwrap();
            on(
                format!("127.0.0.1:{} connections=", world.a.port()),
                Fault::PanicOnce,
            );
            world.move_to(logs, &world.b);
            until("the move is seen", async || {
                whereabouts(logs).await.unwrap() == "b"
            })
            .await;
            until("what is left is cut", async || {
                world.a.connected_clients() == 0
            })
            .await;
            drop(kept);
        })
        .await;
}

#[tokio::test]
async fn r12_an_idle_component_follows_although_a_subscriber_panics() {
    install();
    let world = World::start();
    let idle = declare("idle", WAIT);
    world.move_to(idle, &world.a);
    let settings = world.settings();
    settings
        .scope(async {
            assert_eq!(whereabouts(idle).await.unwrap(), "a");
            for (server, left) in [(&world.b, &world.a), (&world.a, &world.b)] {
                let at = format!("127.0.0.1:{}", server.port());
                on(format!("server={at} previous"), Fault::PanicOnce);
                world.move_to(idle, server);
                until("it has moved", async || {
                    let current = status().components[0].current.clone().unwrap();
                    current.port == server.port() && left.connected_clients() == 0
                })
                .await;
            }
        })
        .await;
}

/// The waker of an executor that panics when a task is woken from another thread.
struct Panics(thread::ThreadId);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        assert_eq!(thread::current().id(), self.0, "on purpose");
    }
}

#[tokio::test]
async fn r2_a_waker_that_panics_does_not_end_the_watch() {
    install();
    let world = World::start();
    let logs = declare("logs", WAIT);
    let server = format!("127.0.0.1:{}", world.config.port());
    world.move_to(logs, &world.a);
    let settings = world.settings();
    settings
        .scope(async {
            assert_eq!(whereabouts(logs).await.unwrap(), "a");
            let fresh = common::always_fresh("fresh");
            world.move_to(fresh, &world.a);
            let mut call = pin!(fresh.connection());
            // So that nothing is answered before the call waits for it.
            world.config.freeze();
            let waker = Waker::from(Arc::new(Panics(thread::current().id())));
            let polled = call.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(matches!(polled, Poll::Pending));
            world.config.thaw();
            until("it is told", async || {
                lines("config watch panicked", &server) > 0
            })
            .await;
            all_is_well(&world, ConfigSource::Push).await;
            assert!(call.await.is_ok());
            assert_eq!(lines("config watch panicked", &server), 1);
        })
        .await;
}

#[tokio::test]
async fn r12_a_recorder_that_asks_for_the_status_holds_up_no_shutdown() {
    install();
    let world = World::start();
    let logs = declare("asked", WAIT);
    world.move_to(logs, &world.a);
    let scope = world
        .settings()
        .scope_blocking(|| Scope::current().unwrap());
    let name = scope.clone().run(whereabouts(logs)).await;
    assert_eq!(name.unwrap(), "a");
    on("old_connections, [component = asked", Fault::AskForStatus);
    let (done, ends) = mpsc::channel();
    thread::spawn(move || {
        let ended = scope.run_blocking(|| blocking::shutdown(Duration::ZERO));
        done.send(ended.unwrap()).unwrap();
    });
    // This holds up the runtime, which has nothing to do meanwhile.
    assert_eq!(ends.recv_timeout(SOON), Ok(0));
}
