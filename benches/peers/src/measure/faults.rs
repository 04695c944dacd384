//! Measures what a fault of one server costs: a frozen node of a cluster, and a fail-over of
//! sentinels.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use redis_components::{Component, Scope, Settings};
use redis_components_testing::{Cluster, Sentinels, Server};
use tokio::runtime::Runtime;

use super::run::Run;
use crate::declared;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::report::{Bar, Finding, Section, Table, Unit, number};
use crate::statistics::{Estimate, median, quantile};

/// How long calls are timed before a node is frozen, and while it is.
const TIMED: Duration = Duration::from_secs(2);
/// Tasks that call the healthy nodes, and tasks that call the node that is frozen.
const CALLERS: usize = 16;
/// A fail-over, with the time until the sentinels may begin another.
const FAIL_OVER: Duration = Duration::from_secs(4);
/// How long a fail-over may take before it counts as one that nobody follows.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(30);

pub(super) fn planned(plan: &Plan) -> Duration {
    let times = u32::try_from(plan.faults).unwrap_or(u32::MAX);
    (TIMED * 2 + FAIL_OVER) * times
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<Section, Failure> {
    let runtime = Runtime::new()?;
    let (mut before, mut frozen, mut late) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..run.plan.faults {
        run.progress.begin("a frozen node of a cluster");
        let (healthy, beside) = freeze(&runtime)?;
        before.push(healthy);
        frozen.push(beside);
        run.progress.begin("a fail-over of sentinels");
        late.push(fail_over(&runtime)?);
    }
    run.progress.advance(planned(&run.plan));

    let ratios = frozen
        .iter()
        .zip(&before)
        .map(|(beside, alone)| beside / alone);
    let mut table = Table::new(["ms", "median", "times"]);
    let mut findings = Vec::new();
    let mut row = |name: &str, sample: &[f64]| -> Option<Estimate> {
        let estimate = median(sample.iter().copied())?;
        table.row(name, [number(estimate.value), sample.len().to_string()]);
        Some(estimate)
    };
    row("p99 of the healthy nodes, before", &before);
    row("p99 of the healthy nodes, while another is frozen", &frozen);
    let moved = row(
        "first call on the new primary, after the first +switch-master",
        &late,
    );
    if let Some(ratio) = median(ratios) {
        let name = "a frozen node of a cluster: p99 of the others, then / before";
        findings.push(Finding::ratio(name, ratio, Some(Bar::AtMost(2.0))));
    }
    if let Some(estimate) = moved {
        findings.push(Finding {
            name: "a fail-over of sentinels: moved after the first +switch-master".to_owned(),
            unit: Unit::Milliseconds,
            estimate,
            bar: Some(Bar::AtMost(150.0)),
        });
    }
    Ok(Section {
        title: "Faults",
        note: format!(
            "{CALLERS} tasks call the two healthy nodes of a cluster of three and {CALLERS} others the third, for {TIMED:?} \
             before that is frozen and for {TIMED:?} while it is. A fail-over of sentinels is timed from the first \
             `+switch-master` that any of three publishes to the end of the first call on the new primary."
        ),
        table,
        findings,
        charts: Vec::new(),
    })
}

/// Runs a future with a component of its own.
fn with_component<F: Future>(
    runtime: &Runtime,
    config: String,
    future: impl FnOnce(&'static Component) -> F,
) -> Result<F::Output, Failure> {
    let component = *declared::components(1).first().ok_or("no component")?;
    let settings = Settings::fixed([(component.name(), config)]);
    let settings = settings.response_timeout(Duration::from_millis(500));
    Ok(runtime.block_on(settings.scope(future(component))))
}

/// Returns the p99 of calls to healthy nodes in milliseconds, before a node is frozen and while it
/// is.
fn freeze(runtime: &Runtime) -> Result<(f64, f64), Failure> {
    let cluster = Cluster::builder(3, 0)
        .require_full_coverage(false)
        .try_start()?;
    let key = |node: usize| {
        let mut keys = (0..).map(|number: u32| format!("key:{number}"));
        keys.find(|key| cluster.primary_of(key) == node)
    };
    let keys = [key(0), key(1), key(2)].map(Option::unwrap_or_default);
    let config = cluster.config();
    with_component(runtime, config, async |component| {
        timed(component, &keys).await?;
        let before = timed(component, &keys).await?;
        cluster.node(2).freeze();
        let then = timed(component, &keys).await;
        cluster.node(2).thaw();
        Ok((before, then?))
    })?
}

/// Calls all nodes, and returns the p99 of calls to the first two in milliseconds.
async fn timed(component: &'static Component, keys: &[String; 3]) -> Result<f64, Failure> {
    let scope = Scope::current().ok_or("no scope")?;
    let until = Instant::now() + TIMED;
    let callers = (0..2 * CALLERS).map(|number| {
        let is_healthy = number < CALLERS;
        let key = keys[if is_healthy { number % 2 } else { 2 }].clone();
        tokio::spawn(scope.clone().run(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                // The frozen node answers nothing, and nobody asks how its calls end.
                let _ = increment(component, &key).await;
                if is_healthy {
                    times.push(begun.elapsed().as_secs_f64() * 1e3);
                }
            }
            times
        }))
    });
    let mut times = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        times.extend(caller.await?);
    }
    let p99 = quantile(times, 0.99).ok_or("no call to a healthy node has ended")?;
    Ok(p99.value)
}

/// Returns the milliseconds from the first `+switch-master` to the end of the first call on the new
/// primary.
fn fail_over(runtime: &Runtime) -> Result<f64, Failure> {
    let sentinels = Sentinels::builder().try_start()?;
    let switched = first_switch(&sentinels)?;
    let (followed, late) = with_component(runtime, sentinels.config(), async |component| {
        let generation = increment(component, "counter").await?;
        sentinels.begin_failover();
        let begun = Instant::now();
        // The old primary may refuse, or close the connection.
        while increment(component, "counter").await.ok() <= Some(generation) {
            if begun.elapsed() > FOLLOWED_WITHIN {
                return Err("nobody has followed a fail-over".into());
            }
        }
        let followed = Instant::now();
        Ok::<_, Failure>((followed, switched.recv_timeout(FOLLOWED_WITHIN)?))
    })??;
    Ok(followed.saturating_duration_since(late).as_secs_f64() * 1e3)
}

/// Tells when the first sentinel publishes a switch.
fn first_switch(sentinels: &Sentinels) -> Result<mpsc::Receiver<Instant>, Failure> {
    let (sender, first) = mpsc::channel();
    for sentinel in sentinels.sentinels() {
        subscribe(sentinel, sender.clone())?;
    }
    Ok(first)
}

/// Subscribes on a thread, which ends with the sentinel.
fn subscribe(sentinel: &Server, sender: mpsc::Sender<Instant>) -> Result<(), Failure> {
    let mut connection = sentinel.client().get_connection()?;
    let (subscribed, waits) = mpsc::channel();
    thread::spawn(move || {
        let mut pubsub = connection.as_pubsub();
        let is_subscribed = pubsub.subscribe("+switch-master").is_ok();
        // An error says that nobody waits any more.
        let _ = subscribed.send(is_subscribed);
        if is_subscribed && pubsub.get_message().is_ok() {
            let _ = sender.send(Instant::now());
        }
    });
    if waits.recv()? {
        Ok(())
    } else {
        Err("a sentinel does not let anybody subscribe".into())
    }
}

/// Counts up. Returns the generation of the client.
async fn increment(component: &Component, key: &str) -> Result<u64, Failure> {
    let mut connection = component.connection().await?;
    let mut command = redis::cmd("INCR");
    command.arg(key).exec_async(&mut connection).await?;
    Ok(connection.generation())
}
