//! The gauges that say whether a process follows its configs.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use redis_components::{Component, Scope, status};

use common::recorder::Recorded;
use common::{
    HOUR, World, arrives, config_with, declare, until, whereabouts, whereabouts_blocking,
};

struct Gauges(&'static Recorded);

impl Gauges {
    fn record() -> Self {
        Self(Recorded::of_process())
    }

    fn all(&self) -> BTreeMap<String, f64> {
        self.0.gauges()
    }

    async fn are(&self, expected: &[(&str, f64)]) {
        until(&format!("{expected:?}"), async || {
            let all = self.all();
            expected
                .iter()
                .all(|(name, value)| all.get(&format!("redis_components_{name}")) == Some(value))
        })
        .await;
    }

    /// Waits until this digest alone is in force.
    async fn in_force(&self, component: &Component, digest: Option<&str>) {
        let name = component.name();
        let begin = format!("redis_components_config_in_force component={name} digest=");
        until(&format!("{digest:?} is in force"), async || {
            let all = self.all();
            let shown = all.iter().filter(|(name, _)| name.starts_with(&begin));
            let digests: Vec<_> = shown
                .filter(|(_, value)| **value == 1.0)
                .map(|(name, _)| &name[begin.len()..])
                .collect();
            digests == digest.as_slice()
        })
        .await;
    }
}

fn digest() -> String {
    let current = status().components[0].current.clone();
    current.unwrap().digest
}

#[tokio::test]
async fn r14_gauges_say_whether_a_process_follows() {
    let gauges = Gauges::record();
    let world = World::start();
    let logs = declare("gauged", Duration::from_millis(20));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            let kept = logs.connection().await.unwrap();
            let on_a = digest();
            gauges.in_force(logs, Some(&on_a)).await;
            gauges
                .are(&[
                    ("generation component=gauged", 1.0),
                    ("problem component=gauged", 0.0),
                    ("old_connections component=gauged", 0.0),
                ])
                .await;
            let proof_age = "redis_components_proof_age_seconds component=gauged";
            until("the proof has an age", async || {
                gauges.all().get(proof_age).is_some_and(|age| *age < 25.0)
            })
            .await;

            // The new server, and a call that is still on the old one.
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            assert_ne!(digest(), on_a);
            gauges.in_force(logs, Some(&digest())).await;
            gauges
                .are(&[
                    ("generation component=gauged", 2.0),
                    ("old_connections component=gauged", 1.0),
                ])
                .await;
            drop(kept);
            gauges
                .are(&[("old_connections component=gauged", 0.0)])
                .await;

            world.set(logs, "not JSON");
            gauges.are(&[("problem component=gauged", 1.0)]).await;
            gauges.in_force(logs, Some(&digest())).await;
            world.move_to(logs, &world.b);
            gauges.are(&[("problem component=gauged", 0.0)]).await;

            // Switched off on purpose, which is no problem.
            world.set(logs, r#"{"disabled": true}"#);
            until("it is off", async || logs.connection().await.is_err()).await;
            gauges.in_force(logs, None).await;
            gauges.are(&[("problem component=gauged", 0.0)]).await;

            world.move_to(logs, &world.a);
            until("it is on", async || logs.connection().await.is_ok()).await;
            gauges.in_force(logs, Some(&on_a)).await;
        })
        .await;
    // The scope has ended.
    gauges.in_force(logs, None).await;
}

#[tokio::test]
async fn r14_a_candidate_is_not_shown_as_in_force() {
    let gauges = Gauges::record();
    let world = World::start();
    let logs = declare("offered", Duration::from_millis(20));
    world.move_to(logs, &world.a);
    world
        .settings()
        .scope(async {
            whereabouts(logs).await.unwrap();
            let offer = format!(r#"{{"id": "m1", "config": {}}}"#, world.b.config());
            let control = format!(r#"{{"prepare": {{"offered": {offer}}}}}"#);
            world
                .config
                .command(&["SET", "config:redis:@fleet", &control]);
            until("the candidate is ready", async || {
                let candidate = status().components[0].candidate.clone();
                candidate.is_some_and(|candidate| candidate.is_ready)
            })
            .await;
            gauges.in_force(logs, Some(&digest())).await;
            world.config.command(&["DEL", "config:redis:@fleet"]);
            until("it is gone", async || {
                status().components[0].candidate.is_none()
            })
            .await;
            gauges.in_force(logs, Some(&digest())).await;
            gauges.are(&[("generation component=offered", 1.0)]).await;
        })
        .await;
}

#[tokio::test]
async fn r10_gauges_say_how_a_pool_is_used() {
    let gauges = Gauges::record();
    let world = World::start();
    let logs = declare("pooled", HOUR);
    world.set(
        logs,
        &config_with(world.a.port(), r#""max_connections": 2"#),
    );
    world
        .settings()
        .scope(async {
            let take = || {
                let scope = Scope::current().unwrap();
                thread::spawn(move || scope.run_blocking(|| logs.blocking_connection()))
            };
            let first = take().join().unwrap().unwrap();
            gauges
                .are(&[
                    ("pool_connections component=pooled state=in_use", 1.0),
                    ("pool_connections component=pooled state=idle", 0.0),
                    ("pool_size component=pooled", 2.0),
                    ("pool_waiting_calls component=pooled", 0.0),
                ])
                .await;
            let second = take().join().unwrap().unwrap();
            let third = take();
            gauges
                .are(&[
                    ("pool_connections component=pooled state=in_use", 2.0),
                    ("pool_waiting_calls component=pooled", 1.0),
                ])
                .await;
            drop(first);
            drop(third.join().unwrap().unwrap());
            drop(second);
            gauges
                .are(&[
                    ("pool_connections component=pooled state=in_use", 0.0),
                    ("pool_connections component=pooled state=idle", 2.0),
                    ("pool_waiting_calls component=pooled", 0.0),
                ])
                .await;
        })
        .await;
}

#[tokio::test]
async fn a_fixed_config_is_shown_when_it_comes_into_force() {
    let gauges = Gauges::record();
    let world = World::start();
    let logs = declare("fixed", HOUR);
    common::patient(redis_components::Settings::fixed([(
        "fixed",
        world.a.url(),
    )]))
    .scope(async {
        assert_eq!(whereabouts(logs).await.unwrap(), "a");
        gauges.in_force(logs, Some(&digest())).await;
        gauges.are(&[("problem component=fixed", 0.0)]).await;
    })
    .await;
}

#[tokio::test]
async fn r14_a_report_that_is_late_does_not_show_an_earlier_config() {
    let gauges = Gauges::record();
    let world = World::start();
    let logs = declare("raced", Duration::from_millis(20));
    world.move_to(logs, &world.a);
    let held = world
        .settings()
        .scope(async {
            whereabouts(logs).await.unwrap();
            gauges.in_force(logs, Some(&digest())).await;
            // The watch's thread reports a, and meanwhile a call moves to b.
            let held = gauges.0.hold("config_in_force component=raced");
            until("a report is held up", async || held.met() > 0).await;
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            held.release();
            until("another report came after it", async || held.met() > 2).await;
            gauges.in_force(logs, Some(&digest())).await;

            let held = gauges.0.hold("config_in_force component=raced");
            until("a report is held up", async || held.met() > 0).await;
            held
        })
        .await;
    // The scope has ended, and its last report comes late.
    held.release();
    until("the report goes on", async || held.passed() > 0).await;
    gauges.in_force(logs, None).await;
}

#[tokio::test]
async fn r14_the_gauges_of_a_pool_end_with_it() {
    let gauges = Gauges::record();
    let world = World::start();
    let logs = declare("emptied", Duration::from_millis(20));
    world.move_to(logs, &world.a);
    let shown = |idle: f64, size: f64| {
        [
            ("pool_connections component=emptied state=in_use", 0.0),
            ("pool_connections component=emptied state=idle", idle),
            ("pool_size component=emptied", size),
        ]
    };
    let blocking_call = async || {
        let scope = Scope::current().unwrap();
        let call = thread::spawn(move || scope.run_blocking(|| whereabouts_blocking(logs)));
        call.join().unwrap().unwrap();
        gauges.are(&shown(1.0, 32.0)).await;
    };
    world
        .settings()
        .scope(async {
            blocking_call().await;
            // Tasks move, and threads make no calls any more.
            world.move_to(logs, &world.b);
            arrives(logs, "b").await;
            gauges.are(&shown(0.0, 0.0)).await;
            blocking_call().await;
            world.set(logs, r#"{"disabled": true}"#);
            until("it is off", async || logs.connection().await.is_err()).await;
            gauges.are(&shown(0.0, 0.0)).await;
            world.move_to(logs, &world.a);
            until("it is on", async || logs.connection().await.is_ok()).await;
            blocking_call().await;
        })
        .await;
    gauges.are(&shown(0.0, 0.0)).await;
}
